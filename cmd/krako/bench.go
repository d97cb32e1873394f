package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/spf13/cobra"
)

func (a *app) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure this machine's Krako", Args: exactly(),
		Example: "  krako bench fabric --json\n  krako bench sandbox\n  krako bench llm",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.benchFabric(), a.benchSandbox(), a.benchLLM())
	return cmd
}

func (a *app) benchFabric() *cobra.Command {
	b := fabricBench{app: a}
	cmd := &cobra.Command{
		Use: "fabric", Short: "Measure no-op units through a real coordinator and nodes", Args: exactly(),
		Long: `fabric starts a coordinator and nodes of its own in a new directory, with the
durable log on, runs no-op units through them and prints the figures. Every unit
has its own input, and none may come from a cache. CPU counts the coordinator,
the nodes and this client; throughput is the median of --runs graphs. Figures are
of this machine in this state, so compare runs made one after the other.`,
		Example: `  krako bench fabric --units 20000 --nodes 2 --json

  # Where does the time go?
  krako bench fabric --units 100000 --profile /tmp/prof && go tool pprof -top /tmp/prof/coord.pprof`,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	cmd.Flags().IntVar(&b.units, "units", 20_000, "no-op units for throughput")
	cmd.Flags().IntVar(&b.runs, "runs", 3, "graphs to measure throughput with")
	cmd.Flags().IntVar(&b.admit, "admit", 100_000, "units of the graph whose acceptance is timed")
	cmd.Flags().IntVar(&b.singles, "singles", 200, "graphs of one unit for latency")
	cmd.Flags().IntVar(&b.nodes, "nodes", 2, "nodes to run")
	cmd.Flags().StringVar(&b.pool, "pool", poolClosed, "whose nodes these are: closed (all trusted), or open (the first trusted, the others strangers whose results are checked)")
	cmd.Flags().StringVar(&b.only, "only", "", "measure only the way of units (units), the log (log) or decisions (placement)")
	cmd.Flags().BoolVar(&b.long, "long", false, "also measure memory and restart after a million units and events")
	cmd.Flags().StringVar(&b.profile, "profile", "", "directory to write CPU profiles of all processes to")
	return cmd
}

// fabricBench measures the whole path from submission to result.
type fabricBench struct {
	app                         *app
	units, runs, singles, nodes int

	admit   int
	long    bool
	only    string
	pool    string
	profile string
}

// The values of --pool.
const (
	poolClosed = "closed"
	poolOpen   = "open"
)

// fabricFigures is what it prints.
type fabricFigures struct {
	Units            int     `json:"units"`
	Nodes            int     `json:"nodes"`
	UnitsPerSecond   float64 `json:"noop_units_per_s"`
	UnitsPerCPU      float64 `json:"units_per_cpu_s"`
	SingleP50        float64 `json:"single_p50_ms"`
	SingleP99        float64 `json:"single_p99_ms"`
	CoordCPUPerUnit  float64 `json:"coord_cpu_us_per_unit"`
	NodeCPUPerUnit   float64 `json:"node_cpu_us_per_unit"`
	ClientCPUPerUnit float64 `json:"client_cpu_us_per_unit"`
	DiskPerUnit      float64 `json:"disk_bytes_per_unit"`
	UnitsPerBatch    float64 `json:"units_per_batch"`
	Admit            float64 `json:"admit_100k_ms"`
	IdleCoordMiB     float64 `json:"idle_coord_rss_mib"`
	IdleNodeMiB      float64 `json:"idle_node_rss_mib"`
	placementFigures
	logFigures
}

func (b *fabricBench) run(ctx context.Context) (err error) {
	if b.only != "" && b.only != "units" && b.only != "log" && b.only != "placement" {
		return cli.Usagef("--only is %q, can be units, log or placement", b.only)
	}
	if b.units < 1 || b.units > 100_000 || b.admit < 1 || b.admit > 100_000 || min(b.singles, b.runs, b.nodes) < 1 {
		return cli.Usagef("--units and --admit must be 1 to 100000, --runs, --singles and --nodes at least 1")
	}
	if b.pool != poolClosed && (b.pool != poolOpen || b.nodes < 3) {
		return cli.Usagef("--pool is %q, can be closed, or open with at least 3 nodes", b.pool)
	}
	stop, err := b.profiled()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	f := fabricFigures{Units: b.units, Nodes: b.nodes}
	if b.measures("units") {
		if err := b.fabric(ctx, &f); err != nil {
			return err
		}
	}
	if b.measures("placement") {
		b.placement(&f.placementFigures)
	}
	if b.measures("log") {
		if err := b.appends(ctx, &f.logFigures); err != nil {
			return err
		}
		if err := b.growth(ctx, &f.logFigures); err != nil {
			return err
		}
	}
	return b.print(f)
}

func (b *fabricBench) measures(part string) bool { return b.only == "" || b.only == part }

// fabric measures units on their way through a cluster.
func (b *fabricBench) fabric(ctx context.Context, f *fabricFigures) error {
	dir, err := os.MkdirTemp("", "krako-bench-")
	if err != nil {
		return fmt.Errorf("make bench directory: %w", err)
	}
	defer os.RemoveAll(dir)
	start, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c, err := cluster.Start(start, b.options(dir))
	if err != nil {
		return err
	}
	defer c.Stop()
	api, err := c.Client()
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, *cluster.Cluster, *client.Client, *fabricFigures) error{b.warm, b.latency, b.throughput, b.admission} {
		if err := step(ctx, c, api, f); err != nil {
			return err
		}
	}
	return nil
}

func (b *fabricBench) options(dir string) cluster.Options {
	o := cluster.Options{
		Dir: dir, Nodes: b.nodes, Slots: 1, TrustedID: trustedID,
		Coord: []string{"--log-level=warn"}, Node: []string{"--log-level=warn"},
	}
	if b.pool == poolOpen {
		o.Coord = append(o.Coord, "--pool=open")
		o.TrustedID = func(dataDir string) (string, error) {
			if filepath.Base(dataDir) != "node-1" {
				return "", nil
			}
			return trustedID(dataDir)
		}
	}
	if b.profile != "" {
		o.Coord = append(o.Coord, "--cpu-profile="+filepath.Join(b.profile, "coord.pprof"))
		o.NodeFlags = func(i int) []string {
			return []string{fmt.Sprintf("--cpu-profile=%s", filepath.Join(b.profile, fmt.Sprintf("node-%d.pprof", i)))}
		}
	}
	return o
}

// profiled begins the profile of this process.
func (b *fabricBench) profiled() (stop func() error, err error) {
	if b.profile == "" {
		return cli.ProfileCPU("")
	}
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return nil, fmt.Errorf("make profile directory: %w", err)
	}
	return cli.ProfileCPU(filepath.Join(b.profile, "client.pprof"))
}

// warm waits until every node works and notes memory before any load.
func (b *fabricBench) warm(ctx context.Context, c *cluster.Cluster, api *client.Client, f *fabricFigures) error {
	if err := waitForNodes(ctx, api, b.nodes); err != nil {
		return err
	}
	u, err := cluster.UsageOf(c.Coordinator.PID())
	if err != nil {
		return err
	}
	f.IdleCoordMiB = float64(u.RSS) / (1 << 20)
	if u, err = cluster.UsageOf(c.Nodes[0].PID()); err != nil {
		return err
	}
	f.IdleNodeMiB = float64(u.RSS) / (1 << 20)
	for i := range 20 * b.nodes {
		if _, err := b.once(ctx, api, 1, i); err != nil {
			return err
		}
	}
	return nil
}

// waitForNodes returns when n nodes are connected.
func waitForNodes(ctx context.Context, api *client.Client, n int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := api.Health(ctx)
		if err != nil {
			return err
		}
		if h.Capacity.Nodes >= n {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return contracts.Errorf(contracts.CodeNetwork, "", "%d of %d nodes are connected: %w", h.Capacity.Nodes, n, context.Cause(ctx))
		}
	}
}

func (b *fabricBench) latency(ctx context.Context, _ *cluster.Cluster, api *client.Client, f *fabricFigures) error {
	times := make([]time.Duration, b.singles)
	for i := range times {
		d, err := b.once(ctx, api, 1, 1_000_000+i)
		if err != nil {
			return err
		}
		times[i] = d
	}
	slices.Sort(times)
	f.SingleP50 = ms(times[len(times)/2])
	f.SingleP99 = ms(times[len(times)*99/100])
	return nil
}

// throughput runs one graph after the other and keeps the medians.
func (b *fabricBench) throughput(ctx context.Context, c *cluster.Cluster, api *client.Client, f *fabricFigures) error {
	runs := make([]fabricFigures, b.runs)
	for i := range runs {
		if err := b.load(ctx, c, api, 2_000_000+i*b.units, &runs[i]); err != nil {
			return err
		}
	}
	median := func(of func(*fabricFigures) *float64) {
		list := make([]float64, len(runs))
		for i := range runs {
			list[i] = *of(&runs[i])
		}
		slices.Sort(list)
		*of(f) = list[len(list)/2]
	}
	for _, of := range []func(*fabricFigures) *float64{
		func(f *fabricFigures) *float64 { return &f.UnitsPerSecond },
		func(f *fabricFigures) *float64 { return &f.UnitsPerCPU },
		func(f *fabricFigures) *float64 { return &f.CoordCPUPerUnit },
		func(f *fabricFigures) *float64 { return &f.NodeCPUPerUnit },
		func(f *fabricFigures) *float64 { return &f.ClientCPUPerUnit },
		func(f *fabricFigures) *float64 { return &f.DiskPerUnit },
		func(f *fabricFigures) *float64 { return &f.UnitsPerBatch },
	} {
		median(of)
	}
	return nil
}

// load measures one graph.
func (b *fabricBench) load(ctx context.Context, c *cluster.Cluster, api *client.Client, first int, f *fabricFigures) error {
	before, err := usage(c)
	if err != nil {
		return err
	}
	disk := diskUsage(cluster.CoordDir(c.Dir()))
	batches, err := batchesOf(ctx, api)
	if err != nil {
		return err
	}
	d, err := b.once(ctx, api, b.units, first)
	if err != nil {
		return err
	}
	after, err := usage(c)
	if err != nil {
		return err
	}
	now, err := batchesOf(ctx, api)
	if err != nil {
		return err
	}
	n := float64(b.units)
	f.UnitsPerBatch = n / float64(max(1, now-batches))
	coord, nodes, own := (after.coord - before.coord).Seconds(), (after.nodes - before.nodes).Seconds(), (after.client - before.client).Seconds()
	f.UnitsPerSecond, f.UnitsPerCPU = n/d.Seconds(), n/(coord+nodes+own)
	f.CoordCPUPerUnit, f.NodeCPUPerUnit, f.ClientCPUPerUnit = coord/n*1e6, nodes/n*1e6, own/n*1e6
	f.DiskPerUnit = float64(diskUsage(cluster.CoordDir(c.Dir()))-disk) / n
	return nil
}

// batchesOf returns how many result batches all nodes have signed.
func batchesOf(ctx context.Context, api *client.Client) (n uint64, err error) {
	list, err := api.Nodes(ctx)
	for _, v := range list.Nodes {
		n += v.BatchSeq
	}
	return n, err
}

// admission times the acceptance of one large graph and cancels it.
func (b *fabricBench) admission(ctx context.Context, _ *cluster.Cluster, api *client.Client, f *fabricFigures) error {
	g := noopGraph(b.admit, 8_000_000)
	began := time.Now()
	res, err := api.Submit(ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: began}, KoraVersion: "krako-bench"})
	if err != nil {
		return err
	}
	f.Admit = ms(time.Since(began))
	return api.Cancel(ctx, res.SessionID)
}

// cpu is processor time of each kind of process.
type cpu struct{ coord, nodes, client time.Duration }

func usage(c *cluster.Cluster) (cpu, error) {
	own, err := cluster.OwnUsage()
	if err != nil {
		return cpu{}, err
	}
	u, err := cluster.UsageOf(c.Coordinator.PID())
	if err != nil {
		return cpu{}, err
	}
	total := cpu{coord: u.CPU, client: own.CPU}
	for _, n := range c.Nodes {
		if u, err = cluster.UsageOf(n.PID()); err != nil {
			return cpu{}, err
		}
		total.nodes += u.CPU
	}
	return total, nil
}

// diskUsage sums the sizes of the files below dir.
func diskUsage(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // a file that went away while we looked takes no space
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}

// once runs a graph of n no-op units, each with its own input, and returns the
// time from submission to result.
func (b *fabricBench) once(ctx context.Context, api *client.Client, n, first int) (time.Duration, error) {
	g := noopGraph(n, first)
	began := time.Now()
	res, err := api.Submit(ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: began}, KoraVersion: "krako-bench"})
	if err != nil {
		return 0, err
	}
	r, err := api.Wait(ctx, res.SessionID)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if err := endOf(r); err != nil {
		return 0, err
	}
	for _, t := range r.Telemetry.Tasks {
		if t.Cached || t.ResultCID == "" {
			return 0, contracts.Errorf(contracts.CodeInternal, string(t.TaskID), "unit was not run for this measurement")
		}
	}
	return took, nil
}

func noopGraph(n, first int) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "bench", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "bench",
		CreatedAt: contracts.Time{Time: time.Now()}, WorkUnits: make([]contracts.WorkUnit, n),
	}
	for i := range g.WorkUnits {
		input, _ := json.Marshal(map[string]int{"n": first + i}) // a map of ints always encodes
		g.WorkUnits[i] = contracts.WorkUnit{
			ID: contracts.UnitID(fmt.Sprintf("u%d", i)), Type: contracts.Deterministic,
			Program: &contracts.Program{Task: "bench/noop@1"}, Input: contracts.JSON(input),
		}
	}
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: g.WorkUnits[n-1].ID}}
	return g
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// maybe shows a figure that was not asked for as such.
func maybe(f *float64) string {
	if f == nil {
		return "(--long)"
	}
	return fmt.Sprintf("%.0f", *f)
}

func (b *fabricBench) print(f fabricFigures) error {
	if b.app.json {
		return b.app.printJSON(f)
	}
	b.app.printf(`no-op units    %8.0f units/s over %d units and %d nodes (%.0f per CPU-second)
one unit       %8.2f ms p50, %.2f ms p99, from submission to result
CPU per unit   %8.1f us coordinator, %.1f us nodes, %.1f us client
a large graph  %8.0f ms to accept %d units
disk per unit  %8.0f bytes
idle memory    %8.1f MiB coordinator, %.1f MiB node
placement      %8.1f us a decision among 1,000 nodes, %.1f among 100,000
log            %8.0f records/s of 64 writers, p99 %.2f ms; %.0f in batches
restart        %8.0f ms to the first unit after 100,000 records, %s after a million
memory         %8.1f MiB after 100,000 units, %s after a million
`, f.UnitsPerSecond, f.Units, f.Nodes, f.UnitsPerCPU, f.SingleP50, f.SingleP99, f.CoordCPUPerUnit, f.NodeCPUPerUnit, f.ClientCPUPerUnit,
		f.Admit, b.admit, f.DiskPerUnit, f.IdleCoordMiB, f.IdleNodeMiB, f.Placement1k, f.Placement100k,
		f.AppendPerSecond, f.AppendP99, f.BatchedPerSecond, f.Restart1e5, maybe(f.Restart1e6), f.RSS100k, maybe(f.RSS1M))
	return nil
}
