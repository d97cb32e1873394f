package num

import (
	"context"
	"math/big"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// TipInput is a bill, a tip and the people who share it.
type TipInput struct {
	Amount  exact.Number `json:"amount"`
	Percent exact.Number `json:"tip_percent"`
	People  int          `json:"people" jsonschema:"minimum=1,maximum=1000"`
	exact.Format
}

// TipOutput is who pays what. The shares add up to the total.
type TipOutput struct {
	Tip    string   `json:"tip"`
	Total  string   `json:"total"`
	Shares []string `json:"shares" jsonschema_description:"one of each person; they differ by the last digit at most, the larger ones first"`
}

// Tip adds a tip to a bill and splits it.
func Tip(_ context.Context, in TipInput) (TipOutput, error) {
	if err := in.Check(); err != nil {
		return TipOutput{}, err
	}
	if err := field.Between("people", in.People, 1, 1000); err != nil {
		return TipOutput{}, err
	}
	amount, err := notNegative("amount", in.Amount)
	if err != nil {
		return TipOutput{}, err
	}
	percent, err := notNegative("tip_percent", in.Percent)
	if err != nil {
		return TipOutput{}, err
	}
	tip := in.Round(percent.Mul(percent, amount).Mul(percent, big.NewRat(1, 100)))
	total := new(big.Rat).Add(in.Round(amount), tip)
	out := TipOutput{Tip: in.Decimal(tip), Total: in.Decimal(total)}
	left := new(big.Rat).Set(total)
	up := exact.Format{Digits: in.Digits, Rounding: exact.Up}
	for i := range in.People {
		share := up.Round(new(big.Rat).Quo(left, count(in.People-i)))
		left.Sub(left, share)
		out.Shares = append(out.Shares, in.Decimal(share))
	}
	return out, nil
}

func notNegative(name string, n exact.Number) (*big.Rat, error) {
	r, err := n.Rat(name)
	if err == nil && r.Sign() < 0 {
		err = field.Errorf(name, "%s is below zero", n)
	}
	return r, err
}

// TaxInput is an amount with tax or without.
type TaxInput struct {
	Amount   exact.Number `json:"amount"`
	Rate     exact.Number `json:"rate_percent" jsonschema_description:"of value-added or sales tax, at least 0"`
	Included bool         `json:"included" jsonschema_description:"whether amount has the tax in it"`
	exact.Format
}

// TaxOutput is the amount without tax, the tax, and both. They add up.
type TaxOutput struct {
	Net   string `json:"net"`
	Tax   string `json:"tax"`
	Gross string `json:"gross"`
}

// Tax adds a tax to an amount or takes it out. The tax is rounded; what is given
// is not.
func Tax(_ context.Context, in TaxInput) (TaxOutput, error) {
	if err := in.Check(); err != nil {
		return TaxOutput{}, err
	}
	amount, err := in.Amount.Rat("amount")
	if err != nil {
		return TaxOutput{}, err
	}
	if in.Format.Round(amount).Cmp(amount) != 0 {
		return TaxOutput{}, field.Errorf("amount", "%s has more than %d digits after the point", in.Amount, in.Digits)
	}
	rate, err := notNegative("rate_percent", in.Rate)
	if err != nil {
		return TaxOutput{}, err
	}
	rate.Mul(rate, big.NewRat(1, 100))
	if in.Included {
		tax := in.Round(new(big.Rat).Mul(amount, new(big.Rat).Quo(rate, new(big.Rat).Add(rate, count(1)))))
		return TaxOutput{in.Decimal(new(big.Rat).Sub(amount, tax)), in.Decimal(tax), in.Decimal(amount)}, nil
	}
	tax := in.Round(rate.Mul(rate, amount))
	return TaxOutput{in.Decimal(amount), in.Decimal(tax), in.Decimal(new(big.Rat).Add(amount, tax))}, nil
}
