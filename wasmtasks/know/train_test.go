package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks/know/smallmodel"
	"github.com/krako-labs/krako/wasmtasks/sdk"
)

// TestTrainingOnCLINC150 trains on the whole train split in the committed module,
// compiled, within the default fuel and memory of a unit, and compares the model
// with the one that is trained natively. KRAKO_DATA names the directory of the
// public evaluation sets.
func TestTrainingOnCLINC150(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(os.Getenv("KRAKO_DATA"), "clinc150", "data_oos_plus_train_val.json"))
	if err != nil {
		t.Skip("no public evaluation sets: ", err)
	}
	var sets map[string][][2]string
	if err := json.Unmarshal(text, &sets); err != nil {
		t.Fatal(err)
	}
	lines := func(names ...string) []byte {
		var b bytes.Buffer
		for _, name := range names {
			for _, r := range sets[name] {
				if err := json.NewEncoder(&b).Encode(smallmodel.Example{Text: r[0], Label: r[1]}); err != nil {
					t.Fatal(err)
				}
			}
		}
		return b.Bytes()
	}
	blobs := map[string][]byte{"examples": lines("train", "oos_train"), "validation": lines("val", "oos_val")}
	in := smallmodel.TrainInput{OutOfScopeLabel: "oos", OutOfScopeShare: 0.18, TargetPrecision: 0.985}
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for name, data := range blobs {
		files[name] = &fstest.MapFile{Data: data}
	}
	native, err := smallmodel.Train(sdk.NewContext(context.Background(), files, nil), in)
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := os.ReadFile("know.wasm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	m, err := s.Admit(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	o, err := s.Run(t.Context(), sandbox.Job{Module: m, Entry: "small_model/train@1", Input: input, Blobs: blobs, Unit: dagcbor.RawCID(input)})
	if err != nil || o.Code != "" {
		t.Fatal(o.Code, o.Detail, err)
	}
	t.Logf("%s, fuel %d, %d pages, model of %d bytes", time.Since(began), o.FuelUsed, o.MemoryPages, len(o.Output))
	if !bytes.Equal(o.Output, native.Data) || len(o.Output) > 6_000_000 {
		t.Errorf("the sandbox made %d bytes, this machine others: %d", len(o.Output), len(native.Data))
	}
}
