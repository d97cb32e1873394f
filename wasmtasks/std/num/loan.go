package num

import (
	"context"
	"math/big"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// LoanInput is an annuity loan, paid back in equal payments at the end of each
// period.
type LoanInput struct {
	Principal exact.Number `json:"principal"`
	Rate      exact.Number `json:"rate_percent_per_period" jsonschema_description:"at least 0"`
	Periods   int          `json:"periods" jsonschema:"minimum=1,maximum=1200"`
	exact.Format
}

// LoanOutput is the payments of a loan, every amount rounded.
type LoanOutput struct {
	Payment       string    `json:"payment" jsonschema_description:"of every period but the last, which clears the balance"`
	TotalPaid     string    `json:"total_paid"`
	TotalInterest string    `json:"total_interest"`
	Schedule      []Payment `json:"schedule"`
}

// Payment is one line of a schedule.
type Payment struct {
	Period    int    `json:"period"`
	Payment   string `json:"payment"`
	Interest  string `json:"interest"`
	Principal string `json:"principal"`
	Balance   string `json:"balance"`
}

// Loan computes the schedule of an annuity loan. Payment and interest are
// rounded every period, so that the schedule adds up to the last digit.
func Loan(_ context.Context, in LoanInput) (LoanOutput, error) {
	principal, rate, err := terms(in.Principal, in.Rate, in.Periods, 1, in.Format)
	if err != nil {
		return LoanOutput{}, err
	}
	if principal.Sign() <= 0 {
		return LoanOutput{}, field.Errorf("principal", "%s is not above zero", in.Principal)
	}
	if rate.Sign() < 0 {
		return LoanOutput{}, field.Errorf("rate_percent_per_period", "%s is below zero", in.Rate)
	}
	payment, err := annuity(principal, rate, in.Periods)
	if err != nil {
		return LoanOutput{}, field.Errorf("rate_percent_per_period", "%v: give fewer digits", err)
	}
	return in.schedule(in.Round(principal), rate, in.Round(payment)), nil
}

// annuity returns principal·rate / (1 − (1+rate)^−periods).
func annuity(principal, rate *big.Rat, periods int) (*big.Rat, error) {
	if rate.Sign() == 0 {
		return new(big.Rat).Quo(principal, count(periods)), nil
	}
	growth, err := power(new(big.Rat).Add(rate, count(1)), count(periods))
	if err != nil {
		return nil, err
	}
	share := new(big.Rat).Sub(count(1), growth.Inv(growth))
	payment := new(big.Rat).Mul(principal, rate)
	return payment.Quo(payment, share), nil
}

func (in LoanInput) schedule(balance, rate, payment *big.Rat) LoanOutput {
	out := LoanOutput{Payment: in.Decimal(payment), Schedule: make([]Payment, in.Periods)}
	paid, total := new(big.Rat), new(big.Rat)
	for i := range out.Schedule {
		interest := in.Round(new(big.Rat).Mul(balance, rate))
		due := new(big.Rat).Add(balance, interest)
		if i < in.Periods-1 && payment.Cmp(due) < 0 {
			due.Set(payment)
		}
		repaid := new(big.Rat).Sub(due, interest)
		balance.Sub(balance, repaid)
		paid.Add(paid, due)
		total.Add(total, interest)
		out.Schedule[i] = Payment{i + 1, in.Decimal(due), in.Decimal(interest), in.Decimal(repaid), in.Decimal(balance)}
	}
	out.TotalPaid, out.TotalInterest = in.Decimal(paid), in.Decimal(total)
	return out
}
