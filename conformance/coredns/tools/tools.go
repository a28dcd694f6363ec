//go:build tools

// Package tools names what the harness builds from these modules, so that go.mod keeps it.
package tools

import (
	_ "github.com/coredns/coredns"
)
