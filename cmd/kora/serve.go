package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/guard"
	"github.com/krako-labs/krako/kora/openai"
	"github.com/spf13/cobra"
)

func (a *app) serveCommand() *cobra.Command {
	var listen, token string
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve programs that speak OpenAI's API", Args: cli.Exactly(),
		Long: `serve answers programs that were written for OpenAI's API: give them this address as
their base URL. The model krako-auto computes what it can and asks a model of this
computer for the rest; krako-det never asks one, and refuses what it cannot compute.
What a run took stands in the member "krako" of each response.

Only this computer can reach it, unless --listen says otherwise; then a token is
needed, which programs send as their API key.`,
		Example: "  kora serve\n  curl http://127.0.0.1:8642/v1/chat/completions -d '{\"model\":\"krako-det\",\"messages\":[{\"role\":\"user\",\"content\":\"15% of 2,340\"}]}'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serve(cmd.Context(), listen, token)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8642", "where to listen; port 0 takes any that is free")
	cmd.Flags().StringVar(&token, "token", "", "what programs must send as their API key (also KRAKO_TOKEN)")
	return cmd
}

// serve serves until the context ends.
func (a *app) serve(ctx context.Context, listen, token string) error {
	rules := guard.Rules{Token: token, Refuse: openai.Refuse}
	if err := rules.Check(listen); err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		rules.Hosts = append(rules.Hosts, host)
	}
	k, models, err := a.openWithModels(ctx)
	if err != nil {
		return err
	}
	defer k.Close(context.WithoutCancel(ctx))
	o := openai.Options{Engine: k.Engine, Zone: a.zone, Locale: a.locale, Version: cli.Version()}
	if models != nil {
		o.Models = models.Models
	}
	s := openai.New(o)
	defer s.Close()
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	a.printf("KORA answers at http://%s/v1\n", ln.Addr())
	return serveUntil(ctx, context.WithoutCancel(ctx), ln, rules.Wrap(s.Handler()))
}

// lastWords is how long requests under way may take when a server is told to end.
const lastWords = 3 * time.Second

// serveUntil serves until ctx ends, and a little longer whoever is served then, unless
// the context of requests has ended by itself.
func serveUntil(ctx, requests context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if srv.Shutdown(closing) != nil {
		return srv.Close()
	}
	return nil
}
