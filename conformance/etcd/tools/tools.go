//go:build tools

// Package tools names what the harness builds from these modules, so that go.mod keeps it.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/etcdutl/v3"
)
