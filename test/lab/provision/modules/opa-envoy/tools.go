//go:build tools

// Package tools names the program this module exists to build.
package tools

import _ "github.com/open-policy-agent/opa-envoy-plugin/cmd/opa-envoy-plugin"
