package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/durable"
)

// lookIn bounds how long the page waits for a fabric to say how it is.
const lookIn = 4 * time.Second

// access is how a fabric is reached. It is kept in a file of its own, private to the
// user; the key never leaves it but to the gateway.
type access struct {
	URL string `json:"url"`
	Key string `json:"key,omitempty"`
	Pin string `json:"pin,omitempty"`
}

// fabric is the Krako fabric that Studio knows, if any. It is safe for concurrent use.
type fabric struct {
	file string

	mu     sync.Mutex
	access access
	client *client.Client // nil without a fabric
	look   *client.Client // the same, for calls that are not made again
	tenant contracts.TenantID
}

func openFabric(file string) (*fabric, error) {
	f := &fabric{file: file}
	if file == "" {
		return f, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read fabric: %w", err)
	}
	var a access
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, file, "is not how a fabric is reached: %w", err)
	}
	return f, f.use(a)
}

// use takes another way to reach a fabric.
func (f *fabric) use(a access) error {
	if a.URL == "" {
		f.access, f.client, f.look, f.tenant = a, nil, nil, ""
		return nil
	}
	c, err := client.New(a.URL, client.WithKey(a.Key), client.WithPin(a.Pin))
	if err != nil {
		return err
	}
	look, err := client.New(a.URL, client.WithKey(a.Key), client.WithPin(a.Pin), client.WithRetry(client.Retry{Attempts: 1}))
	if err != nil {
		return err
	}
	a.URL = c.URL()
	f.access, f.client, f.look, f.tenant = a, c, look, ""
	return nil
}

// set keeps another way to reach a fabric. Without a key the one that is there stays,
// but never for another gateway.
func (f *fabric) set(url string, key *string, pin string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.access
	a := access{URL: strings.TrimSuffix(url, "/"), Pin: pin}
	switch {
	case key != nil:
		a.Key = *key
	case a.URL == before.URL:
		a.Key = before.Key
	}
	if err := f.use(a); err != nil {
		return err
	}
	if f.file == "" {
		return nil
	}
	b, err := json.Marshal(f.access)
	if err == nil {
		err = durable.WriteFile(f.file, b)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep fabric: %w", err), f.use(before))
	}
	return nil
}

func (f *fabric) gateway() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.access.URL
}

// reach returns how the fabric is reached, UNSUPPORTED if there is none.
func (f *fabric) reach() (access, *client.Client, *client.Client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.client == nil {
		return access{}, nil, nil, contracts.Errorf(contracts.CodeUnsupported, "fabric", "no Krako fabric is set up: name its gateway in the settings")
	}
	return f.access, f.client, f.look, nil
}

// whose is the tenant of the key, local where it is of every tenant or of none.
func (f *fabric) whose(ctx context.Context) (contracts.TenantID, error) {
	f.mu.Lock()
	known, look := f.tenant, f.look
	f.mu.Unlock()
	if known != "" {
		return known, nil
	}
	q, err := look.Quotas(ctx)
	if err != nil {
		return "", err
	}
	// An operator's key sees all tenants and may act for any; another one sees its own.
	tenant := contracts.TenantID("local")
	if w, err := look.Wallet(ctx, ""); err == nil && w.Tenant != contracts.EveryTenant && w.Tenant != "" {
		tenant = w.Tenant
	} else if len(q.Quotas) == 1 && q.Quotas[0].Tenant != contracts.EveryTenant {
		tenant = q.Quotas[0].Tenant
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.look == look {
		f.tenant = tenant
	}
	return tenant, nil
}

// Fabric is what the page sees of a fabric.
type Fabric struct {
	URL string `json:"url"`
	Pin string `json:"pin"`
	// HasKey says that there is a key, which the page is never told.
	HasKey bool `json:"has_key"`
	// State is healthy, degraded or unavailable, empty without a fabric.
	State  string `json:"state"`
	Detail string `json:"detail"`
	// Models says whether it runs model calls.
	Models bool    `json:"models"`
	Queued int     `json:"queued"`
	Wallet *Wallet `json:"wallet,omitempty"`
	Nodes  []Node  `json:"nodes" nullable:"false"`
	// Hidden says why nodes or wallet are not shown.
	Hidden string `json:"hidden"`
}

// Wallet is what the key's tenant may spend, in decimal amounts.
type Wallet struct {
	Tenant    string `json:"tenant"`
	Currency  string `json:"currency"`
	Balance   string `json:"balance"`
	Promised  string `json:"promised"`
	Available string `json:"available"`
	Suspended bool   `json:"suspended"`
}

// Node is a node or a pod of a fabric.
type Node struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	Version   string   `json:"version"`
	Region    string   `json:"region"`
	Connected bool     `json:"connected"`
	Paused    string   `json:"paused"`
	Slots     int      `json:"slots"`
	Leases    int      `json:"leases"`
	Done      uint64   `json:"done"`
	Models    []string `json:"models" nullable:"false"`
}

func nodeOf(n *contracts.NodeView) Node {
	v := Node{ID: string(n.NodeID), Kind: n.Kind, Version: n.Version, Region: n.Region, Connected: n.Connected, Paused: n.Paused,
		Slots: n.Slots, Leases: n.Leases, Done: n.UnitsDone, Models: []string{}}
	for _, m := range n.Models {
		v.Models = append(v.Models, m.Name)
	}
	return v
}

func (s *Server) getFabric(ctx context.Context, _ *struct{}) (Fabric, error) {
	v := Fabric{Nodes: []Node{}}
	a, _, look, err := s.far.reach()
	if err != nil {
		return v, nil // no fabric is a way to be
	}
	v.URL, v.Pin, v.HasKey = a.URL, a.Pin, a.Key != ""
	ctx, cancel := context.WithTimeout(ctx, lookIn)
	defer cancel()
	health, err := look.Health(ctx)
	if err != nil {
		v.State, v.Detail = string(contracts.Unavailable), err.Error()
		return v, nil
	}
	v.State, v.Detail, v.Queued = string(health.State), health.Reason, health.Capacity.Queued
	s.inspectFabric(ctx, look, &v)
	return v, nil
}

// inspectFabric adds what the key may see.
func (s *Server) inspectFabric(ctx context.Context, look *client.Client, v *Fabric) {
	var hidden [3]error
	var each errgroup.Group
	each.Go(func() error {
		caps, err := look.Capabilities(ctx)
		v.Models = slices.Contains(caps.TaskTypes, contracts.LLM)
		hidden[0] = err
		return nil
	})
	each.Go(func() error {
		list, err := look.Nodes(ctx)
		for i := range list.Nodes {
			v.Nodes = append(v.Nodes, nodeOf(&list.Nodes[i]))
		}
		hidden[1] = err
		return nil
	})
	each.Go(func() error {
		tenant, err := s.far.whose(ctx)
		if err != nil {
			hidden[2] = err
			return nil
		}
		w, err := look.Wallet(ctx, tenant)
		if contracts.CodeOf(err) == contracts.CodeNotFound {
			return nil // nobody ever gave it credit
		}
		if hidden[2] = err; err == nil {
			v.Wallet = &Wallet{string(w.Tenant), w.Currency, w.Balance, w.Promised, w.Available, w.Suspended}
		}
		return nil
	})
	_ = each.Wait() // none of them returns an error
	for _, err := range hidden {
		if err != nil && v.Hidden == "" {
			v.Hidden = err.Error()
		}
	}
}

type fabricInput struct {
	Body struct {
		URL string `json:"url" maxLength:"512"`
		// Key is the API key; absent to keep the one there is.
		Key *string `json:"key,omitempty" maxLength:"128"`
		Pin string  `json:"pin,omitempty" maxLength:"128"`
	}
}

func (s *Server) setFabric(ctx context.Context, in *fabricInput) (Fabric, error) {
	if in.Body.URL == "" {
		return Fabric{}, contracts.Errorf(contracts.CodeValidation, "url", "the address of the gateway is missing")
	}
	if err := s.far.set(in.Body.URL, in.Body.Key, in.Body.Pin); err != nil {
		return Fabric{}, err
	}
	return s.getFabric(ctx, nil)
}

func (s *Server) forgetFabric(context.Context, *struct{}) (none, error) {
	return none{}, s.far.set("", nil, "")
}
