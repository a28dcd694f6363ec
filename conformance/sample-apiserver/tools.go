//go:build tools

// Package tools names the API server that the aggregator's spec deploys.
package tools

import _ "k8s.io/sample-apiserver"
