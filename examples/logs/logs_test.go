package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/examples/exampletest"
	"github.com/krako-labs/krako/examples/logs/logstest"
	"github.com/krako-labs/krako/wasmtasks/logs/accesslog"
)

func generate(t testing.TB, seed uint64, lines int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Generate(&b, seed, lines); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blocks cuts a log into about n chunks.
func blocks(t testing.TB, log []byte, n int) (links []dagcbor.Link, stored map[cid.Cid][]byte) {
	t.Helper()
	stored = map[cid.Cid][]byte{}
	err := Chunks(bytes.NewReader(log), len(log)/n+1, func(chunk []byte) error {
		link := dagcbor.Link{Cid: dagcbor.RawCID(chunk)}
		links = append(links, link)
		stored[link.Cid] = chunk
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return links, stored
}

// TestReport summarises 100,000 generated lines through the sandbox and compares
// the report with the reference, field by field.
func TestReport(t *testing.T) {
	log := generate(t, 1, 100_000)
	links, stored := blocks(t, log, 64)
	g, err := Graph(exampletest.Request(), links, accesslog.Options{Top: 12, Examples: 20})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.WorkUnits) < 60 {
		t.Fatalf("%d units", len(g.WorkUnits))
	}
	want := logstest.Reference(log, 12, 20)
	if !bytes.Contains(log, bytes.Repeat([]byte("A"), 1<<16)) || want.Malformed < 50 {
		t.Fatal("the log has no very long line or few malformed ones: choose another seed")
	}
	var got logstest.Report
	if err := json.Unmarshal(exampletest.Run(t, g, stored)["reduce"].Output, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report differs (-reference +task):\n%s", diff)
	}
}

func TestGeneratedLogIsWorthSummarising(t *testing.T) {
	log := generate(t, 2, 20_000)
	if n := bytes.Count(log, []byte("\n")); n != 20_000 {
		t.Errorf("%d lines", n)
	}
	r := logstest.Reference(log, 5, 5)
	if r.Malformed < 5 || r.Malformed > 60 || r.InvalidRequests < 20 || r.UniqueVisitors < 800 ||
		r.Paths.Distinct < 300 || r.Statuses.Distinct < 7 || r.Hours.Distinct < 48 {
		t.Errorf("log has %+v", r)
	}
	if first, last := r.Paths.Rows[0].Count, r.Paths.Rows[4].Count; first < 4*last {
		t.Errorf("the first path has %d requests and the fifth %d, which is no Zipf distribution", first, last)
	}
	for _, want := range []string{"2001:db8:", "\x00", `\"`, "curl/"} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("log has no %q", want)
		}
	}
}

// TestGenerateIsStable fixes the log of one seed: all figures about the example
// refer to it.
func TestGenerateIsStable(t *testing.T) {
	const want = "bafkreibj7wmpjhrdoo46nzrra4drs2h45r3fco2umwois2km273o4mqgwa"
	if got := dagcbor.RawCID(generate(t, 1, 5_000)).String(); got != want {
		t.Errorf("the log of seed 1 is %s, was %s", got, want)
	}
	if bytes.Equal(generate(t, 1, 100), generate(t, 2, 100)) {
		t.Error("two seeds give one log")
	}
}

func TestGenerateReportsWriteErrors(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if err := Generate(w, 1, 10); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

func cut(t *testing.T, log string, size int) []string {
	t.Helper()
	var chunks []string
	// one byte at a time, as a slow pipe would
	err := Chunks(iotest.OneByteReader(strings.NewReader(log)), size, func(chunk []byte) error {
		chunks = append(chunks, string(chunk))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return chunks
}

func TestChunks(t *testing.T) {
	for _, tc := range []struct {
		log  string
		size int
		want []string
	}{
		{"", 10, []string{""}},
		{"a\nb\nc\n", 1, []string{"a\n", "b\n", "c\n"}},
		{"a\nb\nc\n", 2, []string{"a\n", "b\n", "c\n"}},
		{"a\nb\nc\n", 3, []string{"a\nb\n", "c\n"}},
		{"a\nb\nc", 3, []string{"a\nb\n", "c"}},
		{"a\nb\nc\n", 100, []string{"a\nb\nc\n"}},
		{"a long line without an end", 3, []string{"a long line without an end"}},
		{"\n\n\n", 2, []string{"\n\n", "\n"}},
	} {
		if diff := cmp.Diff(tc.want, cut(t, tc.log, tc.size)); diff != "" {
			t.Errorf("%q in chunks of %d (-want +got):\n%s", tc.log, tc.size, diff)
		}
	}
}

func FuzzChunks(f *testing.F) {
	f.Add("a\nbb\n\nc", 3)
	f.Fuzz(func(t *testing.T, log string, size int) {
		size = 1 + (size&0x7fffffff)%100
		chunks := cut(t, log, size)
		if strings.Join(chunks, "") != log {
			t.Fatalf("chunks %q are not %q", chunks, log)
		}
		for i, c := range chunks[:len(chunks)-1] {
			if len(c) < size || c[len(c)-1] != '\n' || strings.Contains(c[size-1:len(c)-1], "\n") {
				t.Fatalf("chunk %d is %q, of size %d", i, c, size)
			}
		}
	})
}

func TestChunksRefusals(t *testing.T) {
	ignore := func([]byte) error { return nil }
	for _, size := range []int{0, MaxChunk + 1} {
		if err := Chunks(strings.NewReader("a"), size, ignore); err == nil {
			t.Errorf("size %d is accepted", size)
		}
	}
	endless := io.MultiReader(strings.NewReader("a\n"), bytes.NewReader(make([]byte, 2*MaxChunk)))
	if err := Chunks(endless, 2, ignore); err == nil || !strings.Contains(err.Error(), "chunk 1: no line end") {
		t.Errorf("error %v does not say where the line is too long", err)
	}
	if err := Chunks(iotest.ErrReader(io.ErrClosedPipe), 2, ignore); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want the reader's", err)
	}
	if err := Chunks(strings.NewReader("a"), 2, func([]byte) error { return io.ErrShortWrite }); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v, want the callee's", err)
	}
}

func TestGraph(t *testing.T) {
	links, _ := blocks(t, generate(t, 1, 3000), 5)
	g, err := Graph(exampletest.Request(), links, accesslog.Options{Top: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	last := g.WorkUnits[len(g.WorkUnits)-1]
	if len(g.WorkUnits) != len(links)+1 || last.ID != "reduce" || len(last.Bind) != len(links) || last.Bind[1].Blob != "p0001" {
		t.Errorf("%d units for %d chunks, the last is %+v", len(g.WorkUnits), len(links), last)
	}
	for _, n := range []int{0, MaxChunks + 1} {
		if _, err := Graph(exampletest.Request(), make([]dagcbor.Link, n), accesslog.Options{Top: 10}); err == nil {
			t.Errorf("%d chunks are accepted", n)
		}
	}
}
