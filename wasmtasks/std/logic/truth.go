package logic

import (
	"context"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// TruthInput is people who always tell the truth or always lie, and what some of
// them say of others.
type TruthInput struct {
	Facts  []Fact  `json:"facts,omitempty" jsonschema:"maxItems=1000"`
	Claims []Claim `json:"claims" jsonschema:"maxItems=1000"`
}

// Fact is what is known of a person.
type Fact struct {
	Person   string `json:"person"`
	Truthful bool   `json:"truthful"`
}

// Claim is what a person says of another: that they tell the truth, or lie.
type Claim struct {
	Speaker  string `json:"speaker"`
	About    string `json:"about"`
	Truthful bool   `json:"truthful"`
}

// TruthOutput says of everybody, in the order they are first named, what follows.
type TruthOutput struct {
	People []Verdict `json:"people"`
}

// Verdict is what follows of a person.
type Verdict struct {
	Person string `json:"person"`
	Status string `json:"status" jsonschema:"enum=truthful,enum=lies,enum=unknown"`
}

// Truth finds out who lies. Facts and claims that contradict each other are
// refused.
func Truth(_ context.Context, in TruthInput) (TruthOutput, error) {
	if err := field.AtMost("facts", len(in.Facts), 1000, "facts"); err != nil {
		return TruthOutput{}, err
	}
	if err := field.AtMost("claims", len(in.Claims), 1000, "claims"); err != nil {
		return TruthOutput{}, err
	}
	p := &parity{index: map[string]int{}}
	truth := p.find(p.person("")) // stands for the truth itself
	for i, f := range in.Facts {
		if f.Person == "" {
			return TruthOutput{}, field.Errorf(field.Index("facts", i)+".person", "is required")
		}
		if !p.join(p.person(f.Person), truth.root, !f.Truthful) {
			return TruthOutput{}, field.Errorf(field.Index("facts", i), "contradicts what is before it")
		}
	}
	for i, c := range in.Claims {
		if c.Speaker == "" || c.About == "" {
			return TruthOutput{}, field.Errorf(field.Index("claims", i), "wants a speaker and whom it is about")
		}
		if !p.join(p.person(c.Speaker), p.person(c.About), !c.Truthful) {
			return TruthOutput{}, field.Errorf(field.Index("claims", i), "contradicts what is before it")
		}
	}
	out := TruthOutput{People: []Verdict{}}
	base := p.find(0)
	for i, name := range p.names[1:] {
		v := Verdict{name, "unknown"}
		if at := p.find(i + 1); at.root == base.root {
			v.Status = map[bool]string{false: "truthful", true: "lies"}[at.differs != base.differs]
		}
		out.People = append(out.People, v)
	}
	return out, nil
}

// parity is groups of people of whom it is known who is like whom. A speaker is
// like the one they call truthful and unlike the one they call a liar.
type parity struct {
	index map[string]int
	names []string
	links []link
}

// link leads to another of the group, and says whether the two differ.
type link struct {
	root    int
	differs bool
}

func (p *parity) person(name string) int {
	i, ok := p.index[name]
	if !ok {
		i = len(p.names)
		p.index[name], p.names, p.links = i, append(p.names, name), append(p.links, link{root: i})
	}
	return i
}

func (p *parity) find(i int) link {
	at := link{root: i}
	for p.links[at.root].root != at.root {
		l := p.links[at.root]
		at = link{l.root, at.differs != l.differs}
	}
	return at
}

// join says whether two people differ. It returns false if the opposite is known.
func (p *parity) join(a, b int, differs bool) bool {
	x, y := p.find(a), p.find(b)
	if x.root == y.root {
		return (x.differs != y.differs) == differs
	}
	p.links[x.root] = link{y.root, x.differs != y.differs != differs}
	return true
}
