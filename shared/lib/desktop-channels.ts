/** The names that main, preload and page call each other by. Nothing else crosses but what is sent under them. */

/** Page → main: the page listens; hand it a port, or say why there is none. */
export const helloChannel = 'everyhop:hello'
/** Main → page: news, and with some of it a message port. */
export const newsChannel = 'everyhop:news'
