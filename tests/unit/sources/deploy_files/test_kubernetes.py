"""Kubernetes manifests: what they say by themselves and together, charts, and templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_readings import facts_of, read_project
from migsafe.model.deploy import (
    AllUnavailable,
    MigratesAtStart,
    MigratesInDeploy,
    ProbesMissing,
    ReadinessDemandsExactRevision,
    Starts,
    TemplatePlaceholder,
)
from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.reading import read_manifest_text

PROBES = "readinessProbe: {tcpSocket: {port: 1}}, livenessProbe: {tcpSocket: {port: 1}}"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {selector: {app: shop}}\n"


def _workload(containers: str, *, kind: str = "Deployment", spec: str = "", init: str = "", more: str = "") -> str:
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: shop}}\n"
        f"spec:\n  selector: {{matchLabels: {{app: shop}}}}\n{spec}"
        f"  template:\n    metadata: {{labels: {{app: shop}}}}\n    spec:\n"
        f"      initContainers: [{init}]\n      containers: [{containers}]\n{more}"
    )


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (_workload("{name: a, image: b, command: [sh, -c, 'dbmate up && exec ./shop']}"), Starts.CONTAINER),
        (_workload("{name: a, image: b, args: [sh, -c, 'dbmate up; ./server']}", kind="DaemonSet"), Starts.CONTAINER),
        (_workload("{name: a, image: b}", init="{name: m, command: [dbmate], args: [up]}"), Starts.INIT_CONTAINER),
        (
            _workload("{name: a, image: b}", kind="Rollout", init="{name: m, args: [alembic, upgrade, head]}"),
            Starts.INIT_CONTAINER,
        ),
    ],
)
def test_pods_that_migrate_when_they_start(text: str, starts: Starts, tmp_path: Path) -> None:
    (fact,) = facts_of(MigratesAtStart, read_project(tmp_path, shop_dot_yaml=text))
    assert fact.starts is starts


@pytest.mark.parametrize(
    "text",
    [
        _workload("{name: a, image: b, command: [./shop]}"),
        _workload("{name: a, image: b, command: [dbmate, up]}"),  # nothing is served: it does not even stay
        _workload("{name: a, image: b}", init="{name: m, command: [dbmate, wait]}"),
        _workload("{name: a, image: b}", init="{name: m, restartPolicy: Always, command: [dbmate, up]}"),
        _workload("{name: a, image: b}", kind="Job", init="{name: m, command: [dbmate, up]}"),
        _workload("{name: a, image: b, env: [{name: RUN, value: dbmate up && ./shop}]}"),
    ],
)
def test_pods_that_do_not(text: str, tmp_path: Path) -> None:
    assert facts_of(MigratesAtStart, read_project(tmp_path, shop_dot_yaml=text)) == []


def test_the_members_of_a_list(tmp_path: Path) -> None:
    text = """
        apiVersion: v1
        kind: List
        items:
          - apiVersion: apps/v1
            kind: Deployment
            metadata: {name: shop}
            spec:
              replicas: 2
              template:
                spec:
                  initContainers:
                    - name: schema
                      command:
                        - dbmate
                        - up
    """
    (fact,) = facts_of(MigratesAtStart, read_project(tmp_path, shop_dot_yaml=text))
    assert (fact.workload, fact.replicas, fact.line) == ("Deployment/shop", 2, 13)


@pytest.mark.parametrize(
    ("hook", "hooks"),
    [
        ("helm.sh/hook: pre-upgrade", ("pre-upgrade",)),
        ("helm.sh/hook: 'post-install, post-upgrade'", ("post-upgrade",)),
        ("argocd.argoproj.io/hook: PreSync", ("PreSync",)),
        ("helm.sh/hook: pre-install", None),
        ("helm.sh/hook: test", None),
        ("argocd.argoproj.io/hook: SyncFail", None),
        ("team: shop", None),
    ],
)
def test_hooks(hook: str, hooks: tuple[str, ...] | None, tmp_path: Path) -> None:
    text = (
        f"apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: m\n  annotations: {{{hook}}}\n"
        "spec: {template: {spec: {containers: [{name: m, command: [flyway, migrate]}]}}}\n"
    )
    found = facts_of(MigratesInDeploy, read_project(tmp_path, job_dot_yaml=text))
    assert [fact.hooks for fact in found] == ([] if hooks is None else [hooks])


@pytest.mark.parametrize(
    ("container", "service", "lacks"),
    [
        ("name: a, image: b, ports: [{containerPort: 1}]", "", (True, True)),
        ("name: a, image: b", SERVICE, (True, True)),
        ("name: a, image: b, ports: [{containerPort: 1}], startupProbe: {exec: {}}", "", (False, True)),
        ("name: a, image: b, ports: [{containerPort: 1}], livenessProbe: {exec: {}}", "", (True, False)),
        ("name: a, image: b, ports: [{containerPort: 1}], readinessProbe: null", "", (True, True)),
        (f"name: a, image: b, ports: [{{containerPort: 1}}], {PROBES}", SERVICE, None),
        ("name: a, image: b", "", None),
        ("name: a, image: b, ports: [{name: metrics, containerPort: 1}]", SERVICE, None),
        ("name: a, ports: [{containerPort: 1}]", "", None),
        ("name: a, image: b", SERVICE.replace("app: shop", "app: other"), None),
        ("name: a, image: b", SERVICE.replace("selector: {app: shop}", "selector: {}"), None),
        ("name: a, image: b", SERVICE.replace("name: shop", "name: shop, namespace: x"), (True, True)),
    ],
)
def test_probes(container: str, service: str, lacks: tuple[bool, bool] | None, tmp_path: Path) -> None:
    read = read_project(tmp_path, shop_dot_yaml=_workload(f"{{{container}}}"), svc_dot_yaml=service)
    found = [(fact.readiness, fact.liveness) for fact in facts_of(ProbesMissing, read)]
    assert found == ([] if lacks is None else [lacks])


_BARE, _ON_9100 = "name: a, image: b", "name: a, image: b, ports: [{containerPort: 9100}]"


@pytest.mark.parametrize(
    ("name", "ports", "served"),
    [
        ("shop", "{name: metrics, port: 9100}", []),
        ("shop", "{name: http-metrics, port: 9100}, {name: pprof, port: 6060}", []),
        ("shop-metrics", "{port: 9100}", []),
        ("shop", "{port: 9100}", [_BARE, _ON_9100]),
        ("shop", "{name: metrics, port: 9100}, {name: http, port: 80}", [_BARE]),
        ("shop-metrics", "{name: http, port: 80}", [_BARE, _ON_9100]),
        ("metrics", "{port: 80}", [_BARE, _ON_9100]),  # what is called so by itself is an application
    ],
)
@pytest.mark.parametrize("container", [_BARE, _ON_9100])
def test_a_service_for_metrics_alone_brings_no_users(
    name: str, ports: str, served: list[str], container: str, tmp_path: Path
) -> None:
    service = f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
    service += f"spec: {{selector: {{app: shop}}, ports: [{ports}]}}\n"
    read = read_project(tmp_path, shop_dot_yaml=_workload(f"{{{container}}}"), svc_dot_yaml=service)
    assert bool(facts_of(ProbesMissing, read)) is (container in served)


@pytest.mark.parametrize("target", ["targetPort: 8080", "targetPort: web", "name: web, targetPort: web"])
def test_the_container_that_a_service_means(target: str, tmp_path: Path) -> None:
    service = SERVICE.replace(
        "{selector: {app: shop}}", f"{{selector: {{app: shop}}, ports: [{{port: 80, {target}}}]}}"
    )
    web = "{name: web, image: b, ports: [{name: web, containerPort: 8080}]}"
    proxy = "{name: sql-proxy, image: c, ports: [{containerPort: 5432}]}"
    read = read_project(tmp_path, shop_dot_yaml=_workload(f"{proxy}, {web}"), svc_dot_yaml=service)
    assert [fact.container for fact in facts_of(ProbesMissing, read)] == ["web"]


def test_a_service_whose_port_no_container_names_may_mean_any(tmp_path: Path) -> None:
    service = SERVICE.replace("{selector: {app: shop}}", "{selector: {app: shop}, ports: [{port: 80}]}")
    web = "{name: web, image: b, ports: [{containerPort: 8080}]}"
    read = read_project(tmp_path, shop_dot_yaml=_workload(f"{web}, {{name: log, image: c}}"), svc_dot_yaml=service)
    assert [fact.container for fact in facts_of(ProbesMissing, read)] == ["web"]


def test_two_workloads_of_one_name_are_two(tmp_path: Path) -> None:
    read = read_project(
        tmp_path,
        one_dot_yaml=_workload("{name: a, image: b, ports: [{containerPort: 1}]}"),
        two_dot_yaml=_workload(f"{{name: a, image: b, ports: [{{containerPort: 1}}], {PROBES}}}"),
    )
    assert [fact.path.endswith("one.yaml") for fact in facts_of(ProbesMissing, read)] == [True]


def test_a_helper_beside_is_not_what_the_service_means(tmp_path: Path) -> None:
    containers = f"{{name: web, image: b, ports: [{{containerPort: 1}}], {PROBES}}}, {{name: log, image: c}}"
    read = read_project(tmp_path, shop_dot_yaml=_workload(containers), svc_dot_yaml=SERVICE)
    assert facts_of(ProbesMissing, read) == []


@pytest.mark.parametrize(
    ("spec", "how"),
    [
        ("  strategy: {rollingUpdate: {maxUnavailable: 100%}}\n", "max-unavailable"),
        ("  replicas: 2\n  strategy: {rollingUpdate: {maxUnavailable: 2}}\n", "max-unavailable"),
        ("  replicas: 2\n  strategy: {rollingUpdate: {maxUnavailable: '5'}}\n", "max-unavailable"),
        ("  strategy: {canary: {maxUnavailable: 100%}}\n", "max-unavailable"),
        ("  strategy: {type: Recreate}\n", "recreate"),
        ("  replicas: 3\n  strategy: {rollingUpdate: {maxUnavailable: 2}}\n", None),
        ("  strategy: {rollingUpdate: {maxUnavailable: 3}}\n", None),
        ("  strategy: {rollingUpdate: {maxUnavailable: 99%}}\n", None),
        ("  replicas: 0\n  strategy: {rollingUpdate: {maxUnavailable: 1}}\n", None),
        ("  strategy: {rollingUpdate: {maxSurge: 100%}}\n", None),
        ("", None),
    ],
)
def test_strategies(spec: str, how: str | None, tmp_path: Path) -> None:
    text = _workload("{name: a, image: b, ports: [{containerPort: 1}]}", spec=spec)
    found = facts_of(AllUnavailable, read_project(tmp_path, shop_dot_yaml=text))
    assert [fact.how for fact in found] == ([] if how is None else [how])


_RECREATED = "  strategy: {type: Recreate}\n"


@pytest.mark.parametrize(
    ("port", "more", "is_reported"),
    [
        ("containerPort: 1", "volumes: [{name: v, persistentVolumeClaim: {claimName: v}}]", False),
        ("containerPort: 1", "volumes: [{name: t, emptyDir: {}}, {name: v, hostPath: {path: /data}}]", False),
        ("containerPort: 1, hostPort: 80", "", False),
        ("containerPort: 1", "hostNetwork: true", False),
        ("containerPort: 1", "hostNetwork: false", True),
        ("containerPort: 1", "volumes: [{name: t, emptyDir: {}}, {name: c, configMap: {name: c}}]", True),
    ],
)
def test_what_one_pod_at_a_time_can_have_may_be_recreated(
    port: str, more: str, is_reported: bool, tmp_path: Path
) -> None:
    container = f"{{name: a, image: b, ports: [{{{port}}}]}}"
    text = _workload(container, spec=_RECREATED, more=f"      {more}\n" if more else "")
    assert bool(facts_of(AllUnavailable, read_project(tmp_path, shop_dot_yaml=text))) is is_reported


def test_a_worker_may_be_recreated(tmp_path: Path) -> None:
    read = read_project(tmp_path, worker_dot_yaml=_workload("{name: a, image: b}", spec=_RECREATED))
    assert facts_of(AllUnavailable, read) == []


_SCALES = (
    "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: shop}\n"
    "spec: {scaleTargetRef: {kind: Deployment, name: shop}, LEAST maxReplicas: 9}\n"
)


@pytest.mark.parametrize(
    ("beside", "replicas"),
    [
        (_SCALES.replace("LEAST", "minReplicas: 3,"), None),
        (_SCALES.replace("LEAST", "minReplicas: 1,"), 1),
        (_SCALES.replace("LEAST", ""), 1),
        (_SCALES.replace("LEAST", "minReplicas: 3,").replace("name: shop}, ", "name: other}, "), 1),
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {replicas: 5}\n", None),
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\nspec: {replicas: 5}\n", 1),
    ],
)
def test_how_many_pods_there_are_may_be_said_elsewhere(beside: str, replicas: int | None, tmp_path: Path) -> None:
    spec = "  replicas: 1\n  strategy: {rollingUpdate: {maxUnavailable: 1}}\n"
    text = _workload("{name: a, image: b, ports: [{containerPort: 1}]}", spec=spec)
    found = facts_of(AllUnavailable, read_project(tmp_path, shop_dot_yaml=text, beside_dot_yaml=beside))
    assert [fact.replicas for fact in found] == ([] if replicas is None else [replicas])


def test_probes_that_ask_for_a_revision(tmp_path: Path) -> None:
    probe = "startupProbe: {exec: {command: [sh, -c, 'cd /app && alembic check']}}"
    (fact,) = facts_of(
        ReadinessDemandsExactRevision,
        read_project(tmp_path, shop_dot_yaml=_workload(f"{{name: a, image: b, {probe}}}")),
    )
    assert (fact.probe, fact.tool, fact.refuses_ahead) == ("startupProbe", "alembic", True)


def test_a_chart_that_is_not_rendered_is_said_once(tmp_path: Path) -> None:
    read = read_project(
        tmp_path,
        chart__Chart_dot_yaml="apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        chart__templates__a_dot_yaml="apiVersion: apps/v1\nkind: Deployment\nname: {{ .Release.Name }}\n",
        chart__templates__jobs__b_dot_yaml="apiVersion: batch/v1\nkind: Job\nname: {{ .Release.Name }}\n",
        chart__templates__c_dot_yaml="apiVersion: v1\nkind: ConfigMap\nname: {{ .Release.Name }}\n",
    )
    (fact,) = facts_of(TemplatePlaceholder, read)
    assert (fact.what, fact.name, fact.files, fact.line, fact.text) == ("chart", "shop", 2, 2, "name: shop")
    assert read.unreadable == ()


@pytest.mark.parametrize(
    ("chart", "template"),
    [
        ("name: shop\n", "apiVersion: v1\nkind: ConfigMap\nname: {{ .Release.Name }}\n"),
        ("name: shop\ntype: library\n", "apiVersion: apps/v1\nkind: Deployment\nname: {{ .Release.Name }}\n"),
    ],
)
def test_a_chart_that_makes_nothing_to_look_at(chart: str, template: str, tmp_path: Path) -> None:
    read = read_project(tmp_path, chart__Chart_dot_yaml=chart, chart__templates__a_dot_yaml=template)
    assert facts_of(TemplatePlaceholder, read) == []


def test_templates_of_a_folder_are_said_once(tmp_path: Path) -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ name }}-x: y\n"
    read = read_project(tmp_path, k8s__a_dot_yaml=text, k8s__b_dot_yaml=text)
    (fact,) = facts_of(TemplatePlaceholder, read)
    assert (fact.what, fact.files, fact.line, fact.column) == ("manifests", 2, 4, 9)


def test_a_manifest_with_placeholders_in_quotes_is_read(tmp_path: Path) -> None:
    text = _workload("{name: a, image: '{{ image }}', ports: [{containerPort: 1}]}")
    read = read_project(tmp_path, shop_dot_yaml=text)
    assert facts_of(TemplatePlaceholder, read) == []
    assert len(facts_of(ProbesMissing, read)) == 1


def test_a_broken_manifest_is_said(tmp_path: Path) -> None:
    read = read_project(tmp_path, k8s__a_dot_yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a\n")
    assert [file.reason.startswith("is not YAML in line") for file in read.unreadable] == [True]


def test_manifests_that_stand_in_no_file() -> None:
    text = _workload("{name: a, image: b}", init="{name: m, command: [dbmate, up]}")
    read = read_manifest_text(SourceText("rendered.yaml", f"---\n# Source: shop/a.yaml\n{text}---\n{SERVICE}"))
    (fact,) = facts_of(MigratesAtStart, read)
    assert fact.path == "rendered.yaml"
    assert len(facts_of(ProbesMissing, read)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: apps/v1\nkind: Deployment\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec: text\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: text}}}\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [text, null, []]}}}\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: many, selector: {}, strategy: [x]}\n",
        "apiVersion: v1\nkind: List\nitems: {a: 1}\n",
        "apiVersion: v1\nkind: Service\nspec: {selector: [1]}\n",
        "- apiVersion: v1\n  kind: Deployment\n",
    ],
)
def test_odd_manifests_say_nothing(text: str, tmp_path: Path) -> None:
    read = read_project(tmp_path, odd_dot_yaml=text)
    assert [fact for file in read.files for fact in file.facts] == []
