// Reads what is shipped for containers with the parsers of those who run it, and says what they refuse.
//
//	deploying compose FILE         prints, as JSON, what Docker Compose makes of it
//	deploying containerfile FILE   prints the instructions as docker build understands them
//	deploying pods < MANIFESTS     prints what keeps a pod out of a namespace of the level "restricted"
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "compose":
		return compose(arguments[1])
	case len(arguments) == 2 && arguments[0] == "containerfile":
		return containerfile(arguments[1])
	case len(arguments) == 1 && arguments[0] == "pods":
		return pods(os.Stdin)
	}
	return errors.New("deploying compose FILE | containerfile FILE | pods < MANIFESTS")
}

// The same options as docker compose has them, and every profile.
func compose(file string) error {
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithWorkingDirectory(filepath.Dir(file)), cli.WithOsEnv, cli.WithProfiles([]string{"*"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func containerfile(file string) error {
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	defer opened.Close()
	parsed, err := parser.Parse(opened)
	if err != nil {
		return err
	}
	for _, warning := range parsed.Warnings {
		return errors.New(warning.Short)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return err
	}
	for _, stage := range stages {
		fmt.Println("FROM", stage.BaseName)
		for _, command := range stage.Commands {
			fmt.Println(command)
		}
	}
	return nil
}

// Each pod that a manifest describes, decoded as the API server does, which refuses what it does not know.
func pods(manifests io.Reader) error {
	scheme := runtime.NewScheme()
	if err := errors.Join(appsv1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		return err
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	refused := []string{}
	for documents := yaml.NewYAMLOrJSONDecoder(manifests, 4096); ; {
		var raw runtime.RawExtension
		if err := documents.Decode(&raw); errors.Is(err, io.EOF) {
			return json.NewEncoder(os.Stdout).Encode(refused)
		} else if err != nil {
			return err
		}
		object, _, err := decoder.Decode(raw.Raw, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			continue // has no pods
		} else if err != nil {
			return err
		}
		name, template := "", appsv1.Deployment{}.Spec.Template
		switch found := object.(type) {
		case *appsv1.Deployment:
			name, template = found.Name, found.Spec.Template
		case *appsv1.StatefulSet:
			name, template = found.Name, found.Spec.Template
		case *monitoringv1.ServiceMonitor, *monitoringv1.PodMonitor, *monitoringv1.PrometheusRule:
			continue
		default:
			return fmt.Errorf("%T: its pods are not looked at", found)
		}
		answer := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec))
		if !answer.Allowed {
			refused = append(refused, name+": "+answer.ForbiddenDetail())
		}
	}
}
