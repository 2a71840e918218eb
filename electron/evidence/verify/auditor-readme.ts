import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `VERIFY/verify.py`, and what is published outside of packs: one file that needs Python and openssl only. */
export function verifyScript(): string {
  return readFileSync(join(import.meta.dirname, 'verify.py'), 'utf8')
}

/** Prints `FILES OK` when the files are those of the manifests, all of them and no others. */
export const filesCommand = `sha256sum --quiet -c manifest-sha256.txt tagmanifest-sha256.txt &&
  test "$(find . ! -type d | wc -l)" -eq "$(cat manifest-sha256.txt tagmanifest-sha256.txt | wc -l | awk '{ print $1 + 2 }')" &&
  test -z "$(find . ! -type d ! -type f)" && echo FILES OK`

/** Prints `SIGNATURE OK` when the key in `$KEY` signed this tag manifest. The signature is DSSE's, over its own encoding. */
export const signatureCommand = `E=signatures/pack.dsse.json; T=$(mktemp -d) &&
  sed -n 's/.*"payload" *: *"\\([^"]*\\)".*/\\1/p' "$E" | fold -w 64 | openssl base64 -d > "$T/payload" &&
  sed -n 's/.*"sig" *: *"\\([^"]*\\)".*/\\1/p' "$E" | fold -w 64 | openssl base64 -d > "$T/sig" &&
  { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$T/payload")"; cat "$T/payload"; } > "$T/signed" &&
  openssl dgst -sha256 -verify "$KEY" -signature "$T/sig" "$T/signed" &&
  H=$(sha256sum tagmanifest-sha256.txt | cut -d' ' -f1) &&
  grep -q "\\"digest\\":{\\"sha256\\":\\"$H\\"}" "$T/payload" && echo SIGNATURE OK`

/** `README.txt` of a pack, for somebody who has neither Everyhop nor Python. `fingerprint`: SHA-256 of the SPKI of the key that signs. */
export function auditorReadme(packId: string, fingerprint: string): string {
  return `EVIDENCE PACK ${packId}

What controls of a pipeline did in a period, as records, with what is missing. data/report.html is for reading,
data/index.json names everything else.

THE KEY
The key that verifies this pack has to come from the organisation itself, by a way that whoever gave you the pack
does not control. trust/organisation.pub.pem is a copy: a forged pack brings a copy of a forger's key. The SHA-256 of
the true key, as this pack says:
  ${fingerprint}
Compare it with what the organisation published, and with the key that you got:
  openssl pkey -pubin -in organisation.pub.pem -outform DER | sha256sum

WITH PYTHON (3.8 or newer) AND OPENSSL
Take verify.py from where Everyhop is published, not from VERIFY/ of this pack, and run it:
  python3 verify.py ${packId}.zip --key organisation.pub.pem
Exit code 0: intact and complete. 1: not intact, or not verifiable. 2: intact, with gaps, which it names.
With Everyhop: everyhop evidence verify ${packId}.zip --key organisation.pub.pem

WITH NEITHER: THREE COMMANDS
Each says so when it is good; anything else, or nothing, is not. They show that everything is unchanged since it was
signed. They do not count, and do not follow the seals: verify.py does.

1. Unpack into an empty folder:

unzip -q ${packId}.zip && cd ${packId}

2. Files unchanged, none missing, none besides: FILES OK

${filesCommand}

3. Signed by the key, whose file you name first: SIGNATURE OK

KEY=/path/to/organisation.pub.pem
${signatureCommand}

On macOS "shasum -a 256" stands for "sha256sum" (without --quiet). On Windows, Git Bash has all of these; PowerShell
alone compares the files, and prints only what was changed:

Get-Content manifest-sha256.txt, tagmanifest-sha256.txt | ForEach-Object { $hash, $file = $_ -split '  ', 2;
  if ((Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash -ne $hash) { "CHANGED $file" } }
`
}
