// Checks dashboards and groups of alert rules against Grafana's own schemas, from which the SDK's types are generated:
// a field that a schema does not have, or of another type, is an error, as is a value out of a constraint.
//
//	go run . FILE...
//
// prints a line for each error, and exits with 1 where there is one. A dashboard is told from a group by its `panels`.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cloudwatch"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/expr"
	"github.com/grafana/grafana-foundation-sdk/go/gauge"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/logs"
	"github.com/grafana/grafana-foundation-sdk/go/nodegraph"
	"github.com/grafana/grafana-foundation-sdk/go/piechart"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/text"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	register()
	failed := false
	for _, file := range os.Args[1:] {
		for _, problem := range check(file) {
			failed = true
			fmt.Printf("%s: %s\n", file, problem)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// The panels and queries that our dashboards use; alertlist, traces and the X-Ray query have no schema in the SDK.
func register() {
	runtime := cog.NewRuntime()
	for _, panel := range []variants.PanelcfgConfig{
		barchart.VariantConfig(), bargauge.VariantConfig(), gauge.VariantConfig(), heatmap.VariantConfig(),
		logs.VariantConfig(), nodegraph.VariantConfig(), piechart.VariantConfig(), stat.VariantConfig(),
		statetimeline.VariantConfig(), table.VariantConfig(), text.VariantConfig(), timeseries.VariantConfig(),
	} {
		runtime.RegisterPanelcfgVariant(panel)
	}
	runtime.RegisterDataqueryVariant(cloudwatch.VariantConfig())
	runtime.RegisterDataqueryVariant(expr.VariantConfig())
	// Managed Prometheus's data source has Prometheus's queries under a name of its own.
	amp := prometheus.VariantConfig()
	amp.Identifier = "grafana-amazonprometheus-datasource"
	runtime.RegisterDataqueryVariant(amp)
}

type document interface {
	UnmarshalJSONStrict([]byte) error
	Validate() error
}

func check(file string) []string {
	content, err := os.ReadFile(file)
	if err != nil {
		return []string{err.Error()}
	}
	kind := struct {
		Panels []json.RawMessage `json:"panels"`
	}{}
	if err := json.Unmarshal(content, &kind); err != nil {
		return []string{err.Error()}
	}
	var read document = &alerting.RuleGroup{}
	if kind.Panels != nil {
		read = &dashboard.Dashboard{}
	}
	problems := texts(read.UnmarshalJSONStrict(content))
	if len(problems) == 0 {
		problems = texts(read.Validate())
	}
	return problems
}

// What the SDK returns is never nil, but may hold no error.
func texts(err error) []string {
	if several, ok := err.(cog.BuildErrors); ok {
		found := []string{}
		for _, one := range several {
			found = append(found, one.Error())
		}
		return found
	}
	if err != nil {
		return []string{err.Error()}
	}
	return nil
}
