package num

import (
	"context"
	"math/big"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// maxPeriods bounds the periods of a loan or an investment.
const maxPeriods = 1200

// CompoundInput is a sum of money at interest.
type CompoundInput struct {
	Principal exact.Number `json:"principal"`
	Rate      exact.Number `json:"rate_percent_per_period"`
	Periods   int          `json:"periods" jsonschema:"minimum=0,maximum=1200"`
	RoundEach bool         `json:"round_each" jsonschema_description:"round the interest of every period, as banks do, and not only the end"`
	exact.Format
}

// CompoundOutput is what became of it.
type CompoundOutput struct {
	Amount   string `json:"amount"`
	Interest string `json:"interest"`
}

// Compound computes compound interest.
func Compound(_ context.Context, in CompoundInput) (CompoundOutput, error) {
	principal, rate, err := terms(in.Principal, in.Rate, in.Periods, 0, in.Format)
	if err != nil {
		return CompoundOutput{}, err
	}
	amount := new(big.Rat).Set(principal)
	for range in.Periods {
		interest := new(big.Rat).Mul(amount, rate)
		if in.RoundEach {
			interest = in.Round(interest)
		}
		amount.Add(amount, interest)
		if err := bounded(amount); err != nil {
			return CompoundOutput{}, field.Errorf("periods", "%v: set round_each or give fewer", err)
		}
	}
	interest := new(big.Rat).Sub(in.Round(amount), principal)
	return CompoundOutput{in.Decimal(amount), in.Decimal(interest)}, nil
}

// terms reads what all calculations with interest have in common.
func terms(principal, rate exact.Number, periods, least int, f exact.Format) (p, r *big.Rat, err error) {
	if err := f.Check(); err != nil {
		return nil, nil, err
	}
	if err := field.Between("periods", periods, least, maxPeriods); err != nil {
		return nil, nil, err
	}
	if p, err = principal.Rat("principal"); err != nil {
		return nil, nil, err
	}
	r, err = percent(rate)
	return p, r, err
}

func percent(rate exact.Number) (*big.Rat, error) {
	r, err := rate.Rat("rate_percent_per_period")
	if err != nil {
		return nil, err
	}
	if r.Cmp(big.NewRat(-100, 1)) <= 0 {
		return nil, field.Errorf("rate_percent_per_period", "%s is not above -100", rate)
	}
	return r.Mul(r, big.NewRat(1, 100)), nil
}

// NPVInput is a series of payments, the first of them now.
type NPVInput struct {
	Rate      exact.Number   `json:"rate_percent_per_period"`
	Cashflows []exact.Number `json:"cashflows" jsonschema:"minItems=1,maxItems=1200" jsonschema_description:"the first is not discounted"`
	exact.Format
}

// NPVOutput is what the payments are worth now.
type NPVOutput struct {
	NPV string `json:"npv"`
}

// NPV computes a net present value.
func NPV(_ context.Context, in NPVInput) (NPVOutput, error) {
	if err := in.Check(); err != nil {
		return NPVOutput{}, err
	}
	if err := field.Between("cashflows", len(in.Cashflows), 1, maxPeriods); err != nil {
		return NPVOutput{}, err
	}
	rate, err := percent(in.Rate)
	if err != nil {
		return NPVOutput{}, err
	}
	flows, err := exact.Rats("cashflows", in.Cashflows)
	if err != nil {
		return NPVOutput{}, err
	}
	factor := rate.Add(rate, count(1))
	value := new(big.Rat)
	for i := len(flows) - 1; i >= 0; i-- { // Horner's scheme
		value.Quo(value, factor)
		value.Add(value, flows[i])
		if err := bounded(value); err != nil {
			return NPVOutput{}, field.Errorf("cashflows", "%v", err)
		}
	}
	return NPVOutput{in.Decimal(value)}, nil
}

// ChangeInput is a value before and after.
type ChangeInput struct {
	From exact.Number `json:"from"`
	To   exact.Number `json:"to"`
	exact.Format
}

// ChangeOutput is the difference, absolute and relative to |from|.
type ChangeOutput struct {
	Difference string `json:"difference"`
	Percent    string `json:"percent"`
}

// Change computes by how much and by how many per cent a value changed.
func Change(_ context.Context, in ChangeInput) (ChangeOutput, error) {
	if err := in.Check(); err != nil {
		return ChangeOutput{}, err
	}
	from, err := in.From.Rat("from")
	if err != nil {
		return ChangeOutput{}, err
	}
	to, err := in.To.Rat("to")
	if err != nil {
		return ChangeOutput{}, err
	}
	if from.Sign() == 0 {
		return ChangeOutput{}, field.Errorf("from", "no change from zero is a percentage")
	}
	difference := new(big.Rat).Sub(to, from)
	share := new(big.Rat).Quo(difference, new(big.Rat).Abs(from))
	out := ChangeOutput{Difference: in.Decimal(difference)}
	out.Percent = in.Decimal(share.Mul(share, count(100)))
	return out, nil
}
