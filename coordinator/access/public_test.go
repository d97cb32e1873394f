package access

import (
	"fmt"
	"maps"
	"testing"

	"github.com/ipfs/go-cid"
	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func rawLink(text string) contracts.Link { return contracts.Link{Cid: dagcbor.RawCID([]byte(text))} }

func blob(text, name string) contracts.Publication {
	return contracts.Publication{As: contracts.PublicBlob, Block: rawLink(text), Name: name}
}

func TestOnlyTheFabricsOperatorPublishes(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	for _, by := range []Caller{{}, w.key(Operator(), request("physics", contracts.ScopeAdmin)), w.key(Operator(), request("*", contracts.ScopeRead))} {
		_, _, err := w.Publish(noon, by, blob("x", "data"))
		wantCode(t, "publish", err, contracts.CodeAuth)
		_, err = w.Withdraw(noon, by, blob("x", "data").ID())
		wantCode(t, "withdraw", err, contracts.CodeAuth)
	}
}

func TestPublicationsAreChecked(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	node := contracts.Link{Cid: dagcbor.CID([]byte{0xa0})}
	for name, p := range map[string]contracts.Publication{
		"as nothing":        {Block: rawLink("x")},
		"as something else": {As: "secret", Block: rawLink("x")},
		"no block":          {As: contracts.PublicInput},
		"module of nodes":   {As: contracts.PublicModule, Block: node},
		"input of nodes":    {As: contracts.PublicInput, Block: node},
		"named input":       {As: contracts.PublicInput, Block: rawLink("x"), Name: "x"},
		"blob without name": {As: contracts.PublicBlob, Block: rawLink("x")},
		"blob in a folder":  {As: contracts.PublicBlob, Block: rawLink("x"), Name: "a/b"},
		"long entry":        {As: contracts.PublicModule, Block: rawLink("x"), Name: fmt.Sprintf("%0129d", 1)},
	} {
		_, _, err := w.Publish(noon, Operator(), p)
		wantCode(t, name, err, contracts.CodeValidation)
	}
	_, _, err := w.Publish(noon, Operator(), contracts.Publication{As: contracts.PublicBlob, Block: node, Name: "tree"})
	if err != nil {
		t.Errorf("a blob of nodes: %v", err)
	}
}

func TestPublicationsAreBounded(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	nth := func(n int) contracts.Publication { return blob("x", fmt.Sprint(n)) }
	for n := range maxPublished {
		f, ok, err := w.Publish(noon, Operator(), nth(n))
		if err != nil || !ok {
			t.Fatalf("publication %d: %t, %v", n, ok, err)
		}
		w.append(f, nil)
	}
	if _, ok, err := w.Publish(noon, Operator(), nth(7)); ok || err != nil {
		t.Errorf("one that is in force: %t, %v", ok, err)
	}
	_, _, err := w.Publish(noon, Operator(), nth(maxPublished))
	wantCode(t, "one more", err, contracts.CodeResourceExhausted)
	w.append(w.Withdraw(noon, Operator(), nth(7).ID()))
	if _, ok, err := w.Publish(noon, Operator(), nth(maxPublished)); !ok || err != nil {
		t.Errorf("one more, when another is withdrawn: %t, %v", ok, err)
	}
	_, err = w.Withdraw(noon, Operator(), nth(7).ID())
	wantCode(t, "withdrawn twice", err, contracts.CodeNotFound)
}

// TestPublicIsWhatIsPublicThroughAndThrough publishes and withdraws at random and
// holds the book's word on random computations against the definition: nothing that a
// computation is made of may be anything but published, as what it is.
func TestPublicIsWhatIsPublicThroughAndThrough(t *testing.T) {
	texts := []string{"p", "q", "r"}
	names := []string{"a", "b"}
	rapid.Check(t, func(t *rapid.T) {
		b := NewBook(contracts.Quota{})
		now := map[contracts.Publication]bool{}
		text := func(what string) contracts.Link { return rawLink(rapid.SampledFrom(texts).Draw(t, what)) }
		for range rapid.IntRange(0, 30).Draw(t, "facts") {
			p := contracts.Publication{As: rapid.SampledFrom([]contracts.PublicAs{contracts.PublicModule, contracts.PublicInput, contracts.PublicBlob}).Draw(t, "as"), Block: text("block")}
			if p.As != contracts.PublicInput {
				p.Name = rapid.SampledFrom(names).Draw(t, "name")
			}
			gone := rapid.IntRange(0, 4).Draw(t, "gone") == 0
			if err := b.Apply(Fact{Published: &Published{As: p.As, Block: p.Block, Name: p.Name, Withdrawn: gone}}); err != nil {
				t.Fatal(err)
			}
			if now[p] = true; gone {
				delete(now, p)
			}
		}
		is := func(as contracts.PublicAs, block contracts.Link, name string) bool {
			return now[contracts.Publication{As: as, Block: block, Name: name}]
		}
		v := &contracts.Invocation{Module: text("module"), Entry: rapid.SampledFrom(names).Draw(t, "entry"), Blobs: map[string]contracts.Link{}}
		catalogued := rapid.Bool().Draw(t, "catalogued")
		want := catalogued || is(contracts.PublicModule, v.Module, v.Entry)
		input := rapid.SampledFrom(texts).Draw(t, "input")
		if v.Input.Inline = []byte(input); rapid.Bool().Draw(t, "long") {
			v.Input = contracts.Payload{Link: rawLink(input)}
		}
		want = want && is(contracts.PublicInput, rawLink(input), "")
		for _, name := range names {
			if rapid.Bool().Draw(t, "blob") {
				v.Blobs[name] = text("blob of it")
				want = want && is(contracts.PublicBlob, v.Blobs[name], name)
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "local") == 0 {
			v.Salt, want = []byte("salt"), false
		}
		if got := b.Public(v, func(cid.Cid, string) bool { return catalogued }); got != want {
			t.Fatalf("public is %t, not %t: %+v of %v", got, want, v, maps.Collect(maps.All(now)))
		}
		for _, s := range texts {
			want := false
			for p := range now {
				want = want || p.Block == rawLink(s)
			}
			if got := b.PublicBlock(rawLink(s).Cid); got != want {
				t.Fatalf("block %q is public: %t", s, got)
			}
		}
	})
}
