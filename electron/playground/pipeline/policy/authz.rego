# Authorises every request at the ingress of the called stage. Envoy asks by ext_authz; the answer is `result`.
# Identities are SPIFFE IDs that Envoy verified in the mTLS handshake: the caller's and the callee's own.
package pipeline.authz

default result := {
	"allowed": false,
	"http_status": 403,
	"body": "{\"error\":\"refused-by-policy\"}",
	"headers": {"content-type": "application/json"},
	"dynamic_metadata": {"policy": "pipeline/authz", "reasons": ["the request could not be evaluated"]},
}

result := {
	"allowed": true,
	"http_status": 200,
	"body": "",
	"headers": {},
	"dynamic_metadata": {"policy": "pipeline/authz", "reasons": []},
} if {
	count(reasons) == 0
}

result := {
	"allowed": false,
	"http_status": 403,
	"body": "{\"error\":\"refused-by-policy\"}",
	"headers": {"content-type": "application/json"},
	"dynamic_metadata": {"policy": "pipeline/authz", "reasons": sort(reasons)},
} if {
	count(reasons) > 0
}

# Every reason to refuse. The request passes only when there is none, so each rule must hold for a request with parts
# missing: whatever is absent becomes null and meets no condition of passing.
reasons contains "the caller has no verified SPIFFE ID" if caller == null

reasons contains "the called stage has no SPIFFE ID of its own" if callee == null

reasons contains sprintf("%s may not call %s", [caller, callee]) if {
	caller != null
	callee != null
	count(calls) == 0
}

reasons contains sprintf("%s may not %s this path of %s", [caller, method, callee]) if {
	count(calls) > 0
	not call_allowed
}

reasons contains "the classification of the request is missing or not known" if {
	count(calls) > 0
	not data.pipeline.classifications[classification]
}

reasons contains sprintf("classification %s is above %s, the limit of %s", [classification, limit, callee]) if {
	limit := data.pipeline.clearance[callee]
	data.pipeline.classifications[classification] > data.pipeline.classifications[limit]
}

reasons contains sprintf("the user lacks the right %s", [right]) if {
	right := data.pipeline.rights[callee]
	not right in user_rights
}

default caller := null

caller := input.attributes.source.principal if startswith(input.attributes.source.principal, "spiffe://")

default callee := null

callee := input.attributes.destination.principal if startswith(input.attributes.destination.principal, "spiffe://")

default method := null

method := input.attributes.request.http.method

default classification := null

classification := input.attributes.request.http.headers["x-data-classification"]

default calls := []

calls := data.pipeline.adjacency[callee][caller]

call_allowed if {
	some call in calls
	call.method == method
	path_matches(call.path)
}

# The raw path, not parsed_path: an empty segment or an encoded slash must not slip past.
path_matches(pattern) if {
	asked := split(trim_prefix(input.attributes.request.http.path, "/"), "/")
	count(pattern) == count(asked)
	every index, part in pattern {
		part_matches(part, asked[index])
	}
}

part_matches(part, asked) if part == asked

part_matches("*", asked) if regex.match(`^[A-Za-z0-9._-]+$`, asked)

# The user's rights as the token says them. Its signature is verified by the stage itself before it does anything;
# here a forged token could at most pass on to that check.
default user_rights := []

user_rights := claims.rights if {
	[_, claims, _] := io.jwt.decode(input.attributes.request.http.headers["x-user-token"])
	is_array(claims.rights)
}
