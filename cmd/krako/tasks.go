package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) tasksCommand() *cobra.Command {
	return &cobra.Command{
		Use: "tasks [TASK]", Short: "List the task catalogue, or show a task", Args: atMost("TASK"),
		Long: `tasks lists the tasks that graphs can name in program.task. With a name it shows
all that there is to know about one: the type of unit it is for, its module, the
JSON and the blobs it takes, the JSON it returns, and examples.`,
		Example: "  krako tasks\n  krako tasks text/stats@1",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.Tasks(cmd.Context())
			if err != nil {
				return err
			}
			switch {
			case len(args) == 1:
				return a.showTask(list.Tasks, args[0])
			case a.json:
				return a.printJSON(list)
			}
			return a.listTasks(list.Tasks)
		},
	}
}

func (a *app) listTasks(tasks []contracts.TaskView) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TASK\tTYPE\tOUTPUT\tDESCRIPTION")
	for _, t := range tasks {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Task, t.Type, t.MediaType, t.Description)
	}
	return w.Flush()
}

func (a *app) showTask(tasks []contracts.TaskView, name string) error {
	for _, t := range tasks {
		if t.Task != name {
			continue
		}
		if a.json {
			return a.printJSON(t)
		}
		a.printf("%s", describeTask(t))
		return nil
	}
	return contracts.Errorf(contracts.CodeNotFound, name, "no task of that name; krako tasks lists them")
}

// describeTask is a task as text for people.
func describeTask(t contracts.TaskView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", t.Task, t.Description)
	fmt.Fprintf(&b, "unit type  %s\nmodule     %s\ninput      %s\n", t.Type, t.Module, t.Input)
	if t.Blobs != "" {
		fmt.Fprintf(&b, "blobs      %s\n", t.Blobs)
	}
	fmt.Fprintf(&b, "output     %s\n", t.MediaType)
	section(&b, "input schema", t.InputSchema)
	section(&b, "output schema", t.OutputSchema)
	for _, x := range t.Examples {
		text, err := json.Marshal(x)
		if err == nil {
			section(&b, "example: "+x.Name, text)
		}
	}
	return b.String()
}

func section(b *strings.Builder, title string, doc []byte) {
	if len(doc) == 0 {
		return
	}
	var text bytes.Buffer
	if json.Indent(&text, doc, "", "  ") == nil {
		fmt.Fprintf(b, "\n%s\n%s\n", title, text.Bytes())
	}
}
