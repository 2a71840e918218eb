package pipeline.authz_test

import data.pipeline.authz

gateway := "spiffe://pipeline.example/ns/ai/sa/gateway"

firewall := "spiffe://pipeline.example/ns/ai/sa/prompt-firewall"

orchestrator := "spiffe://pipeline.example/ns/ai/sa/orchestrator"

sanitiser := "spiffe://pipeline.example/ns/ai/sa/input-sanitiser"

output_filter := "spiffe://pipeline.example/ns/ai/sa/output-filter"

world := {
	"adjacency": {
		firewall: {gateway: [{"method": "POST", "path": ["v1", "inspections"]}]},
		gateway: {output_filter: [{"method": "POST", "path": ["v1", "deliveries", "*"]}]},
		orchestrator: {sanitiser: [{"method": "POST", "path": ["v1", "plans"]}]},
	},
	"clearance": {firewall: "restricted", gateway: "restricted", orchestrator: "confidential"},
	"rights": {orchestrator: "ask"},
	"classifications": {"internal": 1, "confidential": 2, "restricted": 3},
}

# Claims only: the policy does not check the signature, the stage does.
token(claims) := sprintf("%s.%s.c2ln", [
	base64url.encode_no_pad(json.marshal({"alg": "ES256", "typ": "JWT"})),
	base64url.encode_no_pad(json.marshal(claims)),
])

request(caller, callee, path, headers) := {"attributes": {
	"source": {"principal": caller},
	"destination": {"principal": callee},
	"request": {"http": {"method": "POST", "path": path, "headers": headers}},
}}

inspection := request(gateway, firewall, "/v1/inspections", {"x-data-classification": "internal"})

plan(classification, rights) := request(sanitiser, orchestrator, "/v1/plans", {
	"x-data-classification": classification,
	"x-user-token": token({"sub": "ann", "rights": rights}),
})

decide(asked) := result if {
	result := authz.result with input as asked with data.pipeline.adjacency as world.adjacency
		with data.pipeline.clearance as world.clearance
		with data.pipeline.rights as world.rights
		with data.pipeline.classifications as world.classifications
}

reasons(asked) := decide(asked).dynamic_metadata.reasons

test_an_adjacent_call_is_allowed_without_reasons if {
	result := decide(inspection)
	result.allowed
	result.http_status == 200
	result.dynamic_metadata == {"policy": "pipeline/authz", "reasons": []}
}

test_a_call_between_stages_that_are_not_adjacent_is_refused if {
	asked := request(gateway, orchestrator, "/v1/plans", {
		"x-data-classification": "internal",
		"x-user-token": token({"rights": ["ask"]}),
	})
	result := decide(asked)
	not result.allowed
	result.http_status == 403
	result.dynamic_metadata.reasons == [sprintf("%s may not call %s", [gateway, orchestrator])]
}

test_the_way_back_is_not_allowed_by_the_way_there if {
	not decide(request(firewall, gateway, "/v1/inspections", {"x-data-classification": "internal"})).allowed
}

test_a_caller_without_an_identity_is_refused if {
	"the caller has no verified SPIFFE ID" in reasons(json.remove(inspection, ["attributes/source/principal"]))
	"the caller has no verified SPIFFE ID" in reasons(request("CN=gateway", firewall, "/v1/inspections", {}))
	"the caller has no verified SPIFFE ID" in reasons(request("", firewall, "/v1/inspections", {}))
}

test_plaintext_has_neither_identity_and_is_refused_for_both if {
	asked := json.remove(inspection, ["attributes/source/principal", "attributes/destination/principal"])
	reasons(asked) == ["the called stage has no SPIFFE ID of its own", "the caller has no verified SPIFFE ID"]
}

test_an_empty_request_is_refused if {
	result := decide({})
	not result.allowed
	count(result.dynamic_metadata.reasons) == 2
}

test_another_path_or_method_is_refused if {
	paths := {
		"/v1/inspections/", "/v1//inspections", "/v1/inspections?all", "/", "/v1/inspections%2f", "/V1/inspections",
		"/v1/other",
	}
	every path in paths {
		not decide(request(gateway, firewall, path, {"x-data-classification": "internal"})).allowed
	}
	asked := json.patch(inspection, [{"op": "replace", "path": "attributes/request/http/method", "value": "GET"}])
	not decide(asked).allowed
}

test_a_wildcard_stands_for_exactly_one_ordinary_segment if {
	headers := {"x-data-classification": "internal"}
	decide(request(output_filter, gateway, "/v1/deliveries/r-1", headers)).allowed
	every path in {"/v1/deliveries", "/v1/deliveries/", "/v1/deliveries/a/b", "/v1/deliveries/%2e%2e"} {
		not decide(request(output_filter, gateway, path, headers)).allowed
	}
}

test_a_classification_above_the_limit_is_refused if {
	decide(plan("internal", ["ask"])).allowed
	decide(plan("confidential", ["ask"])).allowed
	reasons(plan("restricted", ["ask"])) == [sprintf("classification restricted is above confidential, the limit of %s", [orchestrator])]
}

test_a_classification_that_is_missing_or_not_known_is_refused if {
	expected := ["the classification of the request is missing or not known"]
	reasons(request(gateway, firewall, "/v1/inspections", {})) == expected
	reasons(request(gateway, firewall, "/v1/inspections", {"x-data-classification": "public"})) == expected
}

test_a_user_without_the_right_is_refused if {
	reasons(plan("internal", [])) == ["the user lacks the right ask"]
	reasons(plan("internal", "ask")) == ["the user lacks the right ask"]
}

test_a_user_token_that_is_missing_or_broken_gives_no_right if {
	every headers in [
		{"x-data-classification": "internal"},
		{"x-data-classification": "internal", "x-user-token": "not.a.token"},
		{"x-data-classification": "internal", "x-user-token": ""},
	] {
		reasons(request(sanitiser, orchestrator, "/v1/plans", headers)) == ["the user lacks the right ask"]
	}
}

test_without_data_nothing_is_allowed if {
	result := authz.result with input as inspection with data.pipeline.adjacency as {}
	not result.allowed
}
