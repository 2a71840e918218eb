// A file of our own, so that the build makes a worker of it that our own origin serves.
import 'monaco-editor/editor/editor.worker'
