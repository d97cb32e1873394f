package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/internal/cli"
)

// ledgerWriter returns a function that writes transactions in a format and, when
// it is given nil, ends the document.
func ledgerWriter(format string, w io.Writer) (func(*billing.Transaction) error, error) {
	out := bufio.NewWriter(w)
	switch format {
	case "jsonl":
		enc := json.NewEncoder(out)
		return func(t *billing.Transaction) error {
			if t == nil {
				return out.Flush()
			}
			return enc.Encode(t)
		}, nil
	case "csv":
		c := csv.NewWriter(out)
		if err := c.Write([]string{"id", "kind", "at", "event", "tenant", "session", "unit", "node", "result_cid", "plan", "fuel", "tokens_in", "tokens_out", "account", "amount"}); err != nil {
			return nil, err
		}
		return func(t *billing.Transaction) error {
			if t == nil {
				c.Flush()
				return out.Flush()
			}
			return writePostings(c, t)
		}, nil
	}
	return nil, cli.Usagef("format %q is neither jsonl nor csv", format)
}

// writePostings writes one line a posting.
func writePostings(c *csv.Writer, t *billing.Transaction) error {
	in, out := "", ""
	if t.Tokens != nil {
		in, out = strconv.FormatInt(t.Tokens.In, 10), strconv.FormatInt(t.Tokens.Out, 10)
	}
	for _, p := range t.Postings {
		err := c.Write([]string{
			t.ID, string(t.Kind), t.At.UTC().Format(time.RFC3339Nano), t.Event, string(t.Tenant), string(t.Session), string(t.Unit), string(t.Node),
			t.Result, t.Plan, strconv.FormatUint(t.Fuel, 10), in, out, string(p.Account), p.Amount.String(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
