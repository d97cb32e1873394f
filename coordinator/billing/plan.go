package billing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"github.com/krako-labs/krako/contracts"
)

// Plan is a version of the prices. It is recorded in the log when it comes into
// force, so that what happened before keeps its price for ever.
type Plan struct {
	Version  string `json:"version"`
	Currency string `json:"currency"`
	// CPU prices units of the types that run on nodes.
	CPU CPUPrices `json:"cpu"`
	// LLM prices model calls, by tier.
	LLM map[contracts.ModelTier]TokenPrices `json:"llm"`
	// OperatorShare is the part of a charge that whoever ran the unit earns, from
	// 0 to 1; the protocol has the rest.
	OperatorShare Decimal `json:"operator_share"`
	// CachedShare is the part of its price that a result from the cache costs;
	// it goes to whoever computed it first.
	CachedShare Decimal `json:"cached_share"`
}

// CPUPrices are what computing costs.
type CPUPrices struct {
	// PerGfuel is the price of 10⁹ fuel on a node of class standard, Minimum the
	// least that a unit costs.
	PerGfuel Decimal `json:"per_gfuel"`
	Minimum  Decimal `json:"minimum"`
	// Classes are factors on PerGfuel by node class. A class that is not there is
	// standard, with factor 1.
	Classes map[string]Decimal `json:"classes,omitempty"`
	// Nodes says which class a node is of. One that is not there is standard.
	Nodes map[contracts.NodeID]string `json:"nodes,omitempty"`
}

// TokenPrices are what a million tokens cost.
type TokenPrices struct {
	InPerMillion  Decimal `json:"in_per_million"`
	OutPerMillion Decimal `json:"out_per_million"`
}

// Decimal is an exact number, a string in JSON.
type Decimal struct{ apd.Decimal }

// MarshalText implements encoding.TextMarshaler.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.Text('f')), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Decimal) UnmarshalText(b []byte) error {
	x, err := parseDecimal(string(b))
	if err != nil {
		return err
	}
	d.Set(x)
	return nil
}

func decimal(s string) Decimal {
	d, err := parseDecimal(s)
	if err != nil {
		panic(err) // a constant of this package
	}
	return Decimal{*d}
}

// DefaultPlan has prices for a community that shares the cost of power: about
// what 10⁹ fuel, a tenth of a second of a core, cost to run.
func DefaultPlan() Plan {
	return Plan{
		Version: "default-1", Currency: "USD",
		CPU: CPUPrices{PerGfuel: decimal("0.000001"), Minimum: decimal("0.0000001")},
		LLM: map[contracts.ModelTier]TokenPrices{
			contracts.TierSmall:  {decimal("0.02"), decimal("0.06")},
			contracts.TierMedium: {decimal("0.10"), decimal("0.30")},
			contracts.TierLarge:  {decimal("0.50"), decimal("1.50")},
		},
		OperatorShare: decimal("0.9"), CachedShare: decimal("0"),
	}
}

// maxPlanBytes bounds a plan's document.
const maxPlanBytes = 64 << 10

// ReadPlan reads a plan, strictly, and checks it.
func ReadPlan(r io.Reader) (Plan, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPlanBytes+1))
	if err != nil {
		return Plan{}, fmt.Errorf("read price plan: %w", err)
	}
	if len(b) > maxPlanBytes {
		return Plan{}, contracts.Errorf(contracts.CodeValidation, "price plan", "has more than %d bytes", maxPlanBytes)
	}
	var p Plan
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Plan{}, contracts.Errorf(contracts.CodeValidation, "price plan", "%w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, contracts.Errorf(contracts.CodeValidation, "price plan", "something follows it")
	}
	return p, p.Validate()
}

// Validate reports every problem at once.
func (p *Plan) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	price := func(name string, d *Decimal) {
		check(d.Form == apd.Finite && !d.Negative, "%s is %s, must not be negative", name, d)
	}
	share := func(name string, d *Decimal) {
		price(name, d)
		check(d.Cmp(apd.New(1, 0)) <= 0, "%s is %s, must be 1 at most", name, d)
	}
	check(p.Version != "" && len(p.Version) <= 64, "version must have 1 to 64 characters")
	check(p.Currency != "" && len(p.Currency) <= 16, "currency must have 1 to 16 characters")
	price("cpu.per_gfuel", &p.CPU.PerGfuel)
	price("cpu.minimum", &p.CPU.Minimum)
	for _, class := range slices.Sorted(maps.Keys(p.CPU.Classes)) {
		d := p.CPU.Classes[class]
		price("cpu.classes."+class, &d)
	}
	for _, tier := range slices.Sorted(maps.Keys(p.LLM)) {
		t := p.LLM[tier]
		check(slices.Contains([]contracts.ModelTier{contracts.TierSmall, contracts.TierMedium, contracts.TierLarge}, tier), "llm.%s is no tier", tier)
		price("llm."+string(tier)+".in_per_million", &t.InPerMillion)
		price("llm."+string(tier)+".out_per_million", &t.OutPerMillion)
	}
	share("operator_share", &p.OperatorShare)
	share("cached_share", &p.CachedShare)
	if err := errors.Join(errs...); err != nil {
		return contracts.Errorf(contracts.CodeValidation, "price plan", "%w", err)
	}
	return nil
}

// CPU is the charge for a unit that used the fuel on a node of the class.
func (p *Plan) cpu(fuel uint64, class string) (Amount, error) {
	var d, f apd.Decimal
	f.Coeff.SetUint64(fuel)
	f.Exponent = -9
	if _, err := exact.Mul(&d, &f, &p.CPU.PerGfuel.Decimal); err != nil {
		return 0, err
	}
	if factor, ok := p.CPU.Classes[class]; ok {
		if _, err := exact.Mul(&d, &d, &factor.Decimal); err != nil {
			return 0, err
		}
	}
	if d.Cmp(&p.CPU.Minimum.Decimal) < 0 {
		d.Set(&p.CPU.Minimum.Decimal)
	}
	return roundToLedger(&d)
}

// tokens is the charge for a model call.
func (p *Plan) tokens(tier contracts.ModelTier, in, out int64) (Amount, error) {
	t, ok := p.LLM[tier]
	if !ok {
		return 0, contracts.Errorf(contracts.CodeNotFound, string(tier), "plan %s has no price for this tier", p.Version)
	}
	if in < 0 || out < 0 {
		return 0, contracts.Errorf(contracts.CodeValidation, string(tier), "token counts %d and %d must not be negative", in, out)
	}
	var a, b apd.Decimal
	if _, err := exact.Mul(&a, apd.New(in, -6), &t.InPerMillion.Decimal); err != nil {
		return 0, err
	}
	if _, err := exact.Mul(&b, apd.New(out, -6), &t.OutPerMillion.Decimal); err != nil {
		return 0, err
	}
	if _, err := exact.Add(&a, &a, &b); err != nil {
		return 0, err
	}
	return roundToLedger(&a)
}

// part is a share of an amount, rounded half-even.
func part(a Amount, share *Decimal) (Amount, error) {
	var d apd.Decimal
	if _, err := exact.Mul(&d, apd.New(int64(a), -6), &share.Decimal); err != nil {
		return 0, err
	}
	return roundToLedger(&d)
}
