//go:build tools

// Package tools names what the harness builds from these modules, so that go.mod keeps it.
package tools

import (
	_ "github.com/onsi/ginkgo/v2"
	_ "sigs.k8s.io/cri-tools/pkg/benchmark"
	_ "sigs.k8s.io/cri-tools/pkg/validate"
)
