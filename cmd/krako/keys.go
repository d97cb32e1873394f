package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Make, list and revoke API keys", Args: exactly(),
		Long: `An API key lets a program or a person use the coordinator: as one tenant, for
what its scopes say. Tenants see nothing of each other. The scopes are

  submit   submit and cancel graphs
  read     read sessions, events, results, receipts and blocks
  blocks   store and read blocks
  nodes    see the nodes
  admin    all of it, and the tenant's keys

A key of tenant * is an operator's: it sees every tenant and, with the scope admin,
sets quotas. The owner of the coordinator's data directory has one in admin.key.`,
		Example: "  krako keys new --tenant physics --scope submit,read,blocks --note 'build server' --expires 90d\n  krako keys list\n  krako keys revoke m5xw6y3boi2te",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keysNew(), a.keysList(), a.keysRevoke())
	return cmd
}

func (a *app) keysNew() *cobra.Command {
	var (
		tenant, note, expires string
		scopes                []string
	)
	cmd := &cobra.Command{
		Use: "new", Short: "Make a key and print it, this once", Args: exactly(),
		Long:    "new prints the key and nothing else on standard output. It is shown only now: the\ncoordinator keeps a hash of it.",
		Example: "  krako keys new --tenant physics\n  KRAKO_API_KEY=$(krako keys new --tenant physics --expires 8h) ./job",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := contracts.KeyRequest{Tenant: contracts.TenantID(tenant), Note: note}
			for _, s := range scopes {
				r.Scopes = append(r.Scopes, contracts.Scope(strings.TrimSpace(s)))
			}
			if expires != "" {
				d, err := lifetime(expires)
				if err != nil {
					return err
				}
				r.ExpiresAt = &contracts.Time{Time: time.Now().Add(d)}
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			made, err := c.NewKey(cmd.Context(), r)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(made)
			}
			fmt.Fprintf(a.stderr, "Key %s of tenant %s, scopes %s. Keep it: it is not shown again.\n", made.ID, made.Tenant, scopeList(made.Scopes))
			a.printf("%s\n", made.Key)
			return nil
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose key it is; * for an operator's")
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"submit", "read", "blocks"}, "what it allows: submit, read, blocks, nodes, admin")
	cmd.Flags().StringVar(&note, "note", "", "what it is for")
	cmd.Flags().StringVar(&expires, "expires", "", "how long it lives, e.g. 12h or 90d (default: until revoked)")
	_ = cmd.MarkFlagRequired("tenant") // fails only for a flag that is not there
	return cmd
}

// lifetime is time.ParseDuration with days.
func lifetime(s string) (time.Duration, error) {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, err = time.ParseDuration(days + "h")
		d *= 24
	} else {
		d, err = time.ParseDuration(s)
	}
	if err != nil || d <= 0 {
		return 0, cli.Usagef("--expires is %q, not a time such as 12h or 90d", s)
	}
	return d, nil
}

func scopeList(scopes []contracts.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ",")
}

func (a *app) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List keys, oldest first", Args: exactly(),
		Example: "  krako keys list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.Keys(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KEY\tTENANT\tSCOPES\tSTATE\tMADE\tNOTE")
			for _, k := range list.Keys {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Tenant, scopeList(k.Scopes), keyState(k), k.CreatedAt.Local().Format(time.DateOnly), k.Note)
			}
			return w.Flush()
		},
	}
}

func keyState(k contracts.KeyView) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.ExpiresAt == nil:
		return "valid"
	case time.Now().After(k.ExpiresAt.Time):
		return "over"
	}
	return "until " + k.ExpiresAt.Local().Format(time.DateTime)
}

func (a *app) keysRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY", Short: "End a key at once", Args: exactly("KEY"),
		Long:    "revoke ends the key with the given id, as 'krako keys list' shows it. When it\nreturns, no request is accepted with it. Graphs that run go on.",
		Example: "  krako keys revoke m5xw6y3boi2te",
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if rest, whole := strings.CutPrefix(id, "kk_"); whole {
				id, _, _ = strings.Cut(rest, "_")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			if err := c.RevokeKey(cmd.Context(), id); err != nil {
				return err
			}
			a.printf("Key %s is revoked.\n", id)
			return nil
		},
	}
}
