package placement

import (
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

// Node is a worker as placement sees it: a CPU node or an LLM pod.
type Node struct {
	ID contracts.NodeID
	// Kind is "node" for CPU nodes and "pod" for LLM pods.
	Kind     string
	Profiles []string
	Trusted  bool
	Region   string
	Tags     []string
	// MemoryMB and VRAMMB are what the node offers; Accelerators what it has.
	MemoryMB, VRAMMB int64
	Accelerators     []string
	// Models are what a pod serves.
	Models []Model

	// Free is how many more units the node asked for, Held how many it has.
	Free, Held int
	// Load is how busy its machine says it is, 0 to 1.
	Load float64
	// Reliability is how often it finishes what it is given, 0 to 1. It is no
	// measure of honesty, which placement does not judge.
	Reliability float64
	// State says why nothing goes to the node just now; Eligible if something may.
	State Verdict
}

// Model is a model on offer, or one that is asked for: then an empty Name is any
// of the tier.
type Model struct {
	Name      string
	Tier      contracts.ModelTier
	Operation contracts.ModelOperation
}

// servedBy reports whether a model on offer is the one asked for.
func (m Model) servedBy(o Model) bool {
	return m.Tier == o.Tier && m.Operation == o.Operation && (m.Name == "" || m.Name == o.Name)
}

// Need is what a unit demands of its place.
type Need struct {
	Type    contracts.UnitType
	Profile string
	// Trusted is set for local_only units and for those that ask for a trusted node.
	Trusted      bool
	Region       string
	Tags         []string
	MinRAMMB     int64
	MinVRAMMB    int64
	Accelerators []string
	// Module and Blocks are what the node must hold to run the unit. Of Blocks the
	// first maxNeeds count.
	Module cid.Cid
	Blocks []cid.Cid
	// Model is what an llm unit asks for. Its one block stands for what its session
	// has said so far: a pod holds it that has read that.
	Model Model
	// Avoid are nodes that were given the unit before and did not finish it.
	// They are passed over while any other node could ever take it.
	Avoid []contracts.NodeID
	// Never are nodes that must not have it at all: those that run a copy.
	Never []contracts.NodeID
}

const maxNeeds = 8

// blocks are those that count for locality.
func (n *Need) blocks() []cid.Cid { return n.Blocks[:min(len(n.Blocks), maxNeeds)] }

// Verdict says why a node cannot take a unit; Eligible if it can.
type Verdict string

// The verdicts, in the order in which they are looked at. Those from Draining on
// pass: the node could take the unit later.
const (
	Eligible      Verdict = "eligible"
	WrongKind     Verdict = "wrong_substrate"
	WrongProfile  Verdict = "profile_not_supported"
	NoModel       Verdict = "model_not_served"
	NotTrusted    Verdict = "not_trusted"
	WrongRegion   Verdict = "region"
	MissingTag    Verdict = "missing_tag"
	TooLittleRAM  Verdict = "too_little_memory"
	TooLittleVRAM Verdict = "too_little_vram"
	NoAccelerator Verdict = "no_accelerator"
	RunsCopy      Verdict = "runs_a_copy"
	Barred        Verdict = "not_admitted"
	Draining      Verdict = "draining"
	Paused        Verdict = "paused"
	Silent        Verdict = "silent"
	CircuitOpen   Verdict = "circuit_open"
	NoFreeCredits Verdict = "no_free_credits"
	Avoided       Verdict = "had_it_before"
)

// class is what units may demand of a node itself: units of one class can go to
// the same nodes.
type class struct {
	pod                  bool
	model                Model
	profile              string
	trusted              bool
	region, tags, accels string
	ram, vram            int64
}

const separator = "\x00"

func (n *Need) class() class {
	c := class{
		pod: !n.Type.CPU(), trusted: n.Trusted, region: n.Region, ram: n.MinRAMMB, vram: n.MinVRAMMB,
		tags: joined(n.Tags), accels: joined(n.Accelerators),
	}
	if c.pod {
		c.model = n.Model
	} else {
		c.profile = n.Profile
	}
	return c
}

// joined spells a set in one way.
func joined(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return strings.Join(slices.Compact(sorted), separator)
}

func split(set string) []string {
	if set == "" {
		return nil
	}
	return strings.Split(set, separator)
}

// suits says what keeps a node out of a class for good; Eligible if nothing does.
func (c *class) suits(n *Node) Verdict {
	switch {
	case c.pod != (n.Kind == "pod"):
		return WrongKind
	case c.profile != "" && !slices.Contains(n.Profiles, c.profile):
		return WrongProfile
	case c.pod && !slices.ContainsFunc(n.Models, c.model.servedBy):
		return NoModel
	case c.trusted && !n.Trusted:
		return NotTrusted
	case c.region != "" && c.region != n.Region:
		return WrongRegion
	case !holdsAll(n.Tags, c.tags):
		return MissingTag
	case n.MemoryMB < c.ram:
		return TooLittleRAM
	case n.VRAMMB < c.vram:
		return TooLittleVRAM
	case !holdsAll(n.Accelerators, c.accels):
		return NoAccelerator
	}
	return Eligible
}

func holdsAll(have []string, set string) bool {
	for _, want := range split(set) {
		if !slices.Contains(have, want) {
			return false
		}
	}
	return true
}

// now says what keeps a node from taking anything just now.
func (n *Node) now() Verdict {
	switch {
	case n.State != "" && n.State != Eligible:
		return n.State
	case n.Free <= 0:
		return NoFreeCredits
	}
	return Eligible
}
