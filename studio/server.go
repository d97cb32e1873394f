package studio

import (
	"context"
	"crypto/ed25519"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/studio/history"
)

// Options say what a Studio stands on. All but FabricFile, Hosts, Token and Models are
// required.
type Options struct {
	Engine  *kora.Engine
	History *history.Store
	// UI are the files of the page.
	UI fs.FS
	// Key signs what ran here.
	Key ed25519.PrivateKey
	// Hosts are names under which it is reached beside loopback ones, without ports.
	Hosts []string
	// Token, if set, is asked for before anything is answered.
	Token   string
	Zone    string
	Locale  string
	Version string
	// FabricFile is where the gateway of a Krako fabric and the key for it are kept,
	// private to the user; empty keeps them in memory.
	FabricFile string
	// Models lists the models that can be asked now. Without one that is ready none
	// is asked, whatever the Engine could. Nil where there are none.
	Models func(context.Context) []Model
	Now    func() time.Time
	Log    *slog.Logger
}

// Model is a model that can be asked.
type Model struct {
	Name string `json:"name"`
	// Server is who serves it: Ollama, LM Studio, llama.cpp.
	Server string `json:"server"`
	Tier   string `json:"tier,omitempty"`
	// Ready is false where it is there but does not answer.
	Ready  bool   `json:"ready"`
	Detail string `json:"detail,omitempty"`
}

// Server answers the page. It is safe for concurrent use.
type Server struct {
	o    Options
	live *live
	far  *fabric
	log  *slog.Logger
}

// New returns a Studio. Runs that an earlier one left unanswered are written down
// as interrupted.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	far, err := openFabric(o.FabricFile)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, log: o.Log, live: newLive(), far: far}
	left, err := o.History.Unanswered(ctx)
	for _, id := range left {
		if err == nil {
			err = s.keep(ctx, id, &record{Error: contracts.Errorf(contracts.CodeCancelled, id, "Studio was stopped while this was running")}, nil)
		}
	}
	return s, err
}

// Close stops every run and waits until they are written down.
func (s *Server) Close() { s.live.close() }

// Handler serves the page and its API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	a := newAPI(mux)
	s.register(a)
	mux.HandleFunc("GET /api/runs/{id}/stream", s.stream)
	mux.HandleFunc("GET /api/runs/{id}/export", s.exportRun)
	mux.HandleFunc("GET /api/chats/{id}/export", s.exportChat)
	mux.HandleFunc("POST /api/attachments", s.attach)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		b, err := document(a)
		if err != nil {
			s.problem(w, r, err)
			return
		}
		_, _ = w.Write(b)
	})
	mux.Handle("GET /", page(s.o.UI))
	return s.guard(mux)
}

func newAPI(mux *http.ServeMux) huma.API {
	components := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	cfg := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: "KORA Studio", Version: contracts.Version, Description: "What the page of KORA Studio asks its server."},
			Components: &huma.Components{Schemas: components},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
	return humago.New(mux, cfg)
}
