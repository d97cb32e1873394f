package conformance

import (
	"bytes"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// binds are the ways in which data gets into a unit.
func binds() []test {
	const doc = `{"a":{"b":[1,{"c":"x"}]},"m~n":2,"p/q":3}`
	return []test{
		{"select_to", func(c *trial) {
			b := c.unit("b", "echo", bind("a", "/a/b/1/c", "/deep/new/place"), bind("a", "/m~0n", "/m~1n"), bind("a", "/p~1q", "/p~0q"))
			c.wantAnswer(c.compare(graph(c.unit("a", "echo", input(doc)), b)), "b", `{"deep":{"new":{"place":"x"}},"m/n":2,"p~q":3}`)
		}},
		{"whole", func(c *trial) {
			g := graph(c.unit("a", "echo", input(doc)), c.unit("b", "echo", bind("a", "", "/all")))
			c.wantAnswer(c.compare(g), "b", `{"all":`+doc+`}`)
		}},
		{"order", func(c *trial) { // in the order of the list, the last one stays; "-" appends
			b := c.unit("b", "echo", input(`{"list":[0],"x":0}`), bind("a", "/p~1q", "/x"), bind("a", "/m~0n", "/x"),
				bind("a", "/m~0n", "/list/-"), bind("a", "/p~1q", "/list/-"), bind("a", "/p~1q", "/list/0"))
			c.wantAnswer(c.compare(graph(c.unit("a", "echo", input(doc)), b)), "b", `{"list":[3,2,3],"x":2}`)
		}},
		{"answer_selects", func(c *trial) {
			g := graph(c.unit("a", "echo", input(doc)))
			g.Outputs.Final[0].Select = "/a/b/1"
			c.wantAnswer(c.compare(g), "a", `{"c":"x"}`)
		}},
		{"answer_selects_nothing", func(c *trial) { // the whole output is still there
			g := graph(c.unit("a", "echo", input(doc)))
			g.Outputs.Final[0].Select = "/none"
			c.wantAnswer(c.compare(g), "a", `null`)
		}},
		{"answer_selects_in_text", func(c *trial) {
			g := graph(c.unit("a", "text"))
			g.Outputs.Final[0].Select = "/x"
			c.wantAnswer(c.compare(g), "a", `null`)
		}},
		{"empty_output", func(c *trial) { // is bytes like any other, and no JSON
			o := c.compare(graph(c.unit("a", "nothing"), c.unit("b", "concat", input(`{"blobs":["x","y"]}`), mount("a", "x"))))
			c.wantBytes(o, "text/plain", "?")
			if out := o.task("a").Output; out == nil || out.Bytes != 0 {
				c.Errorf("output of a is %v", out)
			}
		}},
		{"longest_output", func(c *trial) {
			const most = 8 << 20
			o := c.compare(graph(c.unit("a", "bulk", input(`{"n":8388608}`))))
			c.wantAnswer(o, "a", `null`)
			if out := o.Metadata.Output; out == nil || out.Bytes != most {
				c.Errorf("output is %v, want %d bytes", out, most)
			}
		}},
		{"text_survives", func(c *trial) {
			const text = "{\"t\":\"<é & \u2028 \U0001F419>\"}"
			g := graph(c.unit("a", "echo", input(text)), c.unit("b", "echo", bind("a", "/t", "/t")))
			c.wantAnswer(c.compare(g), "b", text)
		}},
		{"nothing_selected", func(c *trial) {
			o := c.compare(graph(c.unit("a", "echo"), c.unit("b", "echo", bind("a", "/none", "/x"))))
			c.wantUnit(o, "b", contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeValidation)
			c.wantEnd(o, contracts.SessionFailed, contracts.StopValidationFailed, contracts.CodeValidation)
			c.notRun(o, "b")
		}},
		{"not_json_selected", func(c *trial) {
			o := c.compare(graph(c.unit("a", "text"), c.unit("b", "echo", bind("a", "", "/x"))))
			c.wantUnit(o, "b", contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeValidation)
			c.notRun(o, "b")
		}},
		{"blob", func(c *trial) {
			o := c.compare(graph(c.unit("a", "echo", input(doc)), c.unit("b", "concat", input(`{"blobs":["x"]}`), mount("a", "x"))))
			c.wantBytes(o, "text/plain", doc)
		}},
		{"blob_not_json", func(c *trial) {
			b := c.unit("b", "concat", input(`{"blobs":["x","x"]}`), mount("a", "x"))
			c.wantBytes(c.compare(graph(c.unit("a", "text"), b)), "text/plain", strings.Repeat("this is not JSON\n", 2))
		}},
		{"skipped_gives_null", func(c *trial) {
			o := c.compare(graph(append(skipped(c), c.unit("b", "echo", input(`{"x":1}`), bind("s", "/any/where", "/x")))...))
			c.wantAnswer(o, "b", `{"x":null}`)
		}},
		{"skipped_gives_no_blob", func(c *trial) {
			o := c.compare(graph(append(skipped(c), c.unit("b", "concat", input(`{"blobs":["x"]}`), mount("s", "x")))...))
			c.wantBytes(o, "text/plain", "?")
		}},
		{"literal_blobs", literalBlobs},
		{"long_input", longInput},
		{"long_output", func(c *trial) {
			b := c.unit("b", "concat", input(`{"blobs":["x"]}`), mount("a", "x"))
			o := c.compare(graph(c.unit("a", "bulk", input(`{"n":1048576}`)), b))
			a := o.task("a").Output
			if a == nil || a.Bytes != 1<<20 || a.MediaType != "application/octet-stream" || !o.task("b").Output.CID.Equals(a.CID.Cid) {
				c.Errorf("output of a is %v, that of b, which copies it, %v", a, o.task("b").Output)
			}
		}},
	}
}

// skipped is a unit s that is skipped, for it waits for the failure of another
// that succeeds.
func skipped(c *trial) []contracts.WorkUnit {
	return []contracts.WorkUnit{c.unit("r", "echo"), c.unit("s", "echo", when(on("r", contracts.OnFailure)))}
}

func literalBlobs(c *trial) {
	raw, err := c.Blocks.PutBlock(c.ctx, cid.Raw, []byte("plain bytes, "))
	if err != nil {
		c.Fatal(err)
	}
	node, err := dagcbor.Marshal(map[string]any{"n": 1})
	if err != nil {
		c.Fatal(err)
	}
	structured, err := c.Blocks.PutBlock(c.ctx, cid.DagCBOR, node)
	if err != nil {
		c.Fatal(err)
	}
	u := c.unit("a", "concat", input(`{"blobs":["raw","node","none"]}`), blob("raw", contracts.Link{Cid: raw}), blob("node", contracts.Link{Cid: structured}))
	c.wantBytes(c.compare(graph(u)), "text/plain", "plain bytes, "+string(node)+"?")
}

// longInput goes over the bound of what stands inside an invocation, by one
// byte and by far. The guest makes something else of it: an echo would leave
// the input's block behind as its output.
func longInput(c *trial) {
	for _, v := range []struct {
		name  string
		bytes int
		spill bool
	}{{"bound", contracts.InlineBytes, false}, {"bound+1", contracts.InlineBytes + 1, true}, {"64KiB", 64 << 10, true}} {
		const frame = len(`{"x":""}`)
		doc := `{"x":"` + strings.Repeat("y", v.bytes-frame) + `"}`
		o := c.execute(graph(c.unit("a", "add", input(doc))))
		c.golden(o, v.name)
		c.wantAnswer(o, "a", `{"sum":0}`)
		inv := c.invocation(o.task("a"))
		if inv.Input.Link.Defined() != v.spill {
			c.Errorf("input of %d bytes stands as a link: %t, want %t", v.bytes, inv.Input.Link.Defined(), v.spill)
		} else if v.spill && !bytes.Equal(c.block(inv.Input.Link.String()), []byte(doc)) {
			c.Errorf("the block of the input of %d bytes is another one", v.bytes)
		}
	}
}

// wantBytes checks the whole output of the unit that answered.
func (c *trial) wantBytes(o *outcome, mediaType, want string) {
	c.Helper()
	c.wantEnd(o, contracts.SessionCompleted, contracts.StopSuccess, "")
	out := o.Metadata.Output
	if out == nil || out.MediaType != mediaType {
		c.Fatalf("output is %v, want %s", out, mediaType)
	}
	if got := c.block(out.CID.String()); string(got) != want {
		c.Errorf("output is %.200q, want %.200q", got, want)
	}
}

// notRun checks that a unit ended without having been run.
func (c *trial) notRun(o *outcome, id contracts.UnitID) {
	c.Helper()
	if t := o.task(id); t.UnitCID != "" || len(t.Executors) > 0 {
		c.Errorf("unit %s was run as %s by %v", id, t.UnitCID, t.Executors)
	}
}
