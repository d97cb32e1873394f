package gateway

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// stateRoutes adds what there is to know about the coordinator itself.
func (g *gateway) stateRoutes(a api) {
	get := func(id, path, tag, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{tag}, Summary: summary}
	}
	route(g, a, get("list-nodes", "/v1/nodes", "fabric", "List the nodes the coordinator knows"), needs(contracts.ScopeNodes), g.nodes)
	g.podRoutes(a)
	route(g, a, get("list-tasks", "/v1/tasks", "fabric", "List the task catalogue"), needs(), g.tasks)
	route(g, a, get("get-capabilities", "/v1/capabilities", "fabric", "Say what graphs are accepted"), needs(), g.capabilities)
	route(g, a, get("get-capacity", "/v1/capacity", "fabric", "Say how many pods there are and should be, and how much is let in"), needs(contracts.ScopeNodes, contracts.ScopeRead), g.capacity)
	route(g, a, get("healthz", "/healthz", "health", "Say that the process answers"), nothing(), g.healthz)
	ready := get("readyz", "/readyz", "health", "Say whether work can be taken now")
	ready.Errors = []int{http.StatusInternalServerError}
	ready.Responses = map[string]*huma.Response{
		"200": answer[contracts.BackendStatus](a, "Work can be taken; the state is healthy or degraded"),
		"503": answer[contracts.BackendStatus](a, "No work can be taken; the state is unavailable"),
	}
	route(g, a, ready, nothing(), g.readyz)
}

func (g *gateway) nodes(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.NodeList], error) {
	list, err := g.fabric.Nodes(ctx)
	list.Nodes = notNil(list.Nodes)
	return &jsonOutput[contracts.NodeList]{list}, err
}

func (g *gateway) capacity(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.CapacityView], error) {
	v, err := g.fabric.Capacity(ctx)
	return &jsonOutput[contracts.CapacityView]{v}, err
}

func (g *gateway) tasks(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.TaskList], error) {
	list, err := g.fabric.Tasks(ctx)
	list.Tasks = notNil(list.Tasks)
	return &jsonOutput[contracts.TaskList]{list}, err
}

func (g *gateway) capabilities(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.BackendCapabilities], error) {
	c, err := g.fabric.Capabilities(ctx)
	return &jsonOutput[contracts.BackendCapabilities]{c}, err
}

// Liveness says that the process answers and nothing else; whoever restarts
// processes must not do so because a peer is away.
type Liveness struct {
	Status string `json:"status" enum:"ok"`
}

func (g *gateway) healthz(context.Context, *struct{}) (*jsonOutput[Liveness], error) {
	return &jsonOutput[Liveness]{Liveness{Status: "ok"}}, nil
}

type readyOutput struct {
	Status int
	Body   contracts.BackendStatus
}

func (g *gateway) readyz(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	s, err := g.fabric.Health(ctx)
	if err != nil {
		return nil, err
	}
	if !callerOf(ctx).Known() {
		s.Capacity, s.Reason = contracts.CapacitySummary{}, "" // what others run is not everybody's business
	}
	if s.State == contracts.Unavailable {
		return &readyOutput{http.StatusServiceUnavailable, s}, nil
	}
	return &readyOutput{http.StatusOK, s}, nil
}
