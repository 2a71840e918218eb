package system.log_test

import data.system.log

event(headers) := {"input": {"attributes": {
	"source": {"certificate": "PEM", "principal": "spiffe://pipeline.example/ns/ai/sa/gateway"},
	"request": {"http": {"headers": headers}},
}}}

test_the_certificate_is_erased if {
	"/input/attributes/source/certificate" in log.mask with input as event({})
}

test_tokens_and_signatures_are_overwritten if {
	masks := log.mask with input as event({"authorization": "Bearer a", "x-user-token": "b", "x-stage-signature": "c"})
	every header in ["authorization", "x-user-token", "x-stage-signature"] {
		path := sprintf("/input/attributes/request/http/headers/%s", [header])
		{"op": "upsert", "path": path, "value": "***"} in masks
	}
}

test_headers_that_did_not_come_are_not_added if {
	masks := log.mask with input as event({"x-request-id": "r-1"})
	masks == {"/input/attributes/source/certificate"}
}
