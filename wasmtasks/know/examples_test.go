package main

import (
	"testing"

	"github.com/krako-labs/krako/wasmtasks/know/library"
	"github.com/krako-labs/krako/wasmtasks/tasktest"
)

func TestExamplesNatively(t *testing.T) { tasktest.Natively(t, library.Tasks()) }

func TestExamplesInTheSandbox(t *testing.T) { tasktest.InSandbox(t, "know.wasm") }
