package main

import (
	"context"
	"fmt"
	"net"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/guard"
	"github.com/krako-labs/krako/kora/mcp"
	"github.com/spf13/cobra"
)

func (a *app) mcpCommand() *cobra.Command {
	var listen, token string
	cmd := &cobra.Command{
		Use: "mcp", Short: "Offer every task as a tool, by the Model Context Protocol", Args: cli.Exactly(),
		Long: `mcp offers every task of the catalogue as a tool to assistants that speak the Model
Context Protocol, with ask, plan, run and get_run. Without --listen it speaks over
standard input and output, as an assistant that starts it expects; with --listen over
HTTP, without sessions.`,
		Example: "  kora mcp                            # as an assistant's configuration names it\n  kora mcp --listen 127.0.0.1:8643    # at http://127.0.0.1:8643/mcp",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveTools(cmd.Context(), listen, token)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "serve over HTTP at this address")
	cmd.Flags().StringVar(&token, "token", "", "what clients must send as bearer token; needed off this computer (also KRAKO_TOKEN)")
	return cmd
}

func (a *app) serveTools(ctx context.Context, listen, token string) error {
	k, _, err := a.openWithModels(ctx)
	if err != nil {
		return err
	}
	defer k.Close(context.WithoutCancel(ctx))
	s, err := mcp.New(mcp.Options{Engine: k.Engine, Tasks: k.Tasks(), Zone: a.zone, Locale: a.locale, Version: cli.Version()})
	if err != nil {
		return err
	}
	defer s.Close()
	if listen == "" {
		return s.Stdio(ctx)
	}
	rules := guard.Rules{Token: token}
	if err := rules.Check(listen); err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		rules.Hosts = append(rules.Hosts, host)
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(a.stderr, "KORA's tools are at http://%s/mcp\n", ln.Addr())
	return serveUntil(ctx, context.WithoutCancel(ctx), ln, rules.Wrap(s.Handler()))
}
