# What leaves OPA in decision logs: no certificates, no tokens, no signatures.
package system.log

mask contains "/input/attributes/source/certificate"

mask contains {"op": "upsert", "path": sprintf("/input/attributes/request/http/headers/%s", [header]), "value": "***"} if {
	some header in {"authorization", "x-user-token", "x-stage-signature"}
	input.input.attributes.request.http.headers[header]
}
