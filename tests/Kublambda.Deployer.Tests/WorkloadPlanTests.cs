using System.Text.Json;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Deployer.Applying;
using Kublambda.Deployer.Rendering;
using Microsoft.Extensions.Time.Testing;
using static Kublambda.Deployer.Tests.Build;

namespace Kublambda.Deployer.Tests;

public sealed class WorkloadPlanTests
{
    private static LiveWorkload LiveOf(RenderedWorkload rendered) => new()
    {
        Deployment = Copy(rendered.Deployment),
        Service = Copy(rendered.Service),
        Autoscaler = rendered.Autoscaler is { } autoscaler ? Copy(autoscaler) : null,
        Ingress = rendered.Ingress is { } ingress ? Copy(ingress) : null,
    };

    private static T Copy<T>(T item)
        where T : class => KubernetesJson.Deserialize<T>(KubernetesJson.Serialize(item));

    private static string[] Plan(RenderedWorkload rendered, LiveWorkload live) => [.. WorkloadPlan.Of(rendered, live).Select(s => s.ToString())];

    [Fact]
    public void Nothing_is_written_when_all_is_as_rendered()
    {
        var rendered = Rendered(AWorkload());
        Assert.Empty(Plan(rendered, LiveOf(rendered)));
    }

    [Fact]
    public void What_the_API_server_adds_is_no_difference()
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered);
        live.Service!.Spec.ClusterIP = "10.0.0.1";
        live.Service.Spec.Ports[0].NodePort = 30123;
        live.Deployment!.Spec.Replicas = 4;
        live.Deployment.Spec.Template.Spec.DnsPolicy = "ClusterFirst";
        live.Deployment.Spec.Template.Spec.Containers[0].Env.First(e => e.Name == "PORT").Value = "8080";
        Assert.Empty(Plan(rendered, live));
    }

    [Fact]
    public void Everything_is_made_at_first() => Assert.Equal(
        ["Apply Deployment: it is missing", "Apply Service: it is missing", "Apply HorizontalPodAutoscaler: it is missing"],
        Plan(Rendered(AWorkload()), new LiveWorkload()));

    [Fact]
    public void Only_the_object_whose_inputs_changed_is_touched()
    {
        var live = LiveOf(Rendered(AWorkload()));
        var changed = Rendered(AWorkload(with: s => s with { Env = [new() { Name = "A", Value = "b" }] }));
        Assert.Equal(["Apply Deployment: its inputs changed"], Plan(changed, live));
    }

    [Fact]
    public void A_field_changed_by_hand_is_put_right()
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered);
        live.Deployment!.Spec.Template.Spec.Containers[0].Env.First(e => e.Name == "PORT").Value = "9";
        live.Service!.Spec.Ports[0].TargetPort = 9;
        Assert.Equal(
            ["Apply Deployment: .spec.template.spec.containers[function].env[PORT].value was changed", "Apply Service: .spec.ports[http].targetPort was changed"],
            Plan(rendered, live));
    }

    [Fact]
    public void A_field_removed_by_hand_is_put_right()
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered);
        live.Deployment!.Spec.Template.Spec.Containers[0].LivenessProbe = null;
        live.Service!.Metadata.Labels.Remove(Labels.ManagedBy);
        live.Autoscaler!.Metadata.OwnerReferences = null;
        Assert.Equal(3, Plan(rendered, live).Length);
    }

    [Fact]
    public void A_field_added_by_hand_is_adopted_and_taken_away()
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered);
        live.Deployment!.Metadata.ManagedFields = [Entry("kubectl-edit", "Update", """{"f:spec":{"f:template":{"f:spec":{"f:hostNetwork":{}}}}}""")];
        Assert.Equal(["Adopt Deployment: it has fields of kubectl-edit", "Apply Deployment: it has fields of kubectl-edit"], Plan(rendered, live));
    }

    [Theory]
    [InlineData("kube-controller-manager", """{"f:metadata":{"f:annotations":{"f:x":{}}},"f:spec":{"f:replicas":{}}}""")]
    [InlineData("kubectl-scale", """{"f:spec":{"f:replicas":{}}}""")]
    [InlineData("some-controller", """{"f:metadata":{"f:annotations":{"f:x":{}},"f:finalizers":{}},"f:status":{"f:x":{}}}""")]
    [InlineData("kubectl-rollout", """{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/restartedAt":{}}}}}}""")]
    public void What_others_may_write_is_left_alone(string manager, string fields)
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered);
        live.Deployment!.Metadata.ManagedFields = [Entry(manager, "Update", fields)];
        Assert.Empty(Plan(rendered, live));
    }

    [Fact]
    public void Adopted_fields_join_ours_and_leave_their_manager()
    {
        var live = LiveOf(Rendered(AWorkload())).Deployment!;
        live.Metadata.ManagedFields =
        [
            Entry(ForeignFields.FieldManager, "Apply", """{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"function\"}":{".":{}}}}}}}"""),
            Entry("kubectl-edit", "Update",
                """{"f:metadata":{"f:annotations":{"f:note":{}},"f:labels":{"f:team":{}}},"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"sidecar\"}":{".":{},"f:image":{}}}}}}}"""),
        ];
        var adopted = ForeignFields.Adopt(live);
        Assert.Equal("""{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"function\"}":{".":{}},"k:{\"name\":\"sidecar\"}":{".":{},"f:image":{}}}}}},"f:metadata":{"f:labels":{"f:team":{}}}}""",
            adopted[0]!["fieldsV1"]!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal("""{"f:metadata":{"f:annotations":{"f:note":{}}},"f:spec":{"f:replicas":{}}}""", adopted[1]!["fieldsV1"]!.ToJsonString());
    }

    [Fact]
    public void What_is_not_wanted_any_more_is_deleted()
    {
        var before = WorkloadRenderer.Render(AWorkload(with: s => s with { Triggers = [new() { Name = "w", Http = new() { Exposure = "Ingress" } }] }), new(), "autoscaling/v2");
        var now = Rendered(AWorkload(with: s => s with { Scaling = new() { MinReplicas = 1, MaxReplicas = 1 } }));
        Assert.Equal(
            ["Apply Deployment: its inputs changed", "Apply Service: its inputs changed",
             "Delete HorizontalPodAutoscaler: it is not wanted any more", "Delete Ingress: it is not wanted any more"],
            Plan(now, LiveOf(before)));
    }

    [Fact]
    public void The_autoscaler_takes_over_the_replicas_that_run()
    {
        var live = LiveOf(Rendered(AWorkload(with: s => s with { Scaling = new() { MinReplicas = 4, MaxReplicas = 4 } })));
        live.Deployment!.Metadata.ManagedFields = [Entry(ForeignFields.FieldManager, "Apply", """{"f:spec":{"f:replicas":{}}}""")];
        var plan = WorkloadPlan.Of(Rendered(AWorkload(with: s => s with { Scaling = new() { MinReplicas = 2, MaxReplicas = 9 } })), live);
        Assert.Equal((StepKind.SetReplicas, 4), (plan[0].Kind, plan[0].Replicas));
        Assert.Equal(StepKind.Apply, plan[1].Kind);
    }

    [Fact]
    public void A_minimum_above_one_is_set_at_once_and_restored()
    {
        var rendered = Rendered(AWorkload(with: s => s with { Scaling = new() { MinReplicas = 2, MaxReplicas = 9 } }));
        var first = WorkloadPlan.Of(rendered, new LiveWorkload());
        Assert.Equal((StepKind.SetReplicas, 2), (first[1].Kind, first[1].Replicas));
        var live = LiveOf(rendered);
        live.Deployment!.Spec.Replicas = 0;
        Assert.Equal(["SetReplicas Deployment: 0 replicas are below the minimum"], Plan(rendered, live));
    }

    [Fact]
    public void A_name_that_is_taken_stops_everything_before_anything_is_written()
    {
        var live = new LiveWorkload { Service = new V1Service { Metadata = new V1ObjectMeta { Name = "hello", NamespaceProperty = "shop" } } };
        var e = Assert.Throws<StalledException>(() => WorkloadPlan.Of(Rendered(AWorkload()), live));
        Assert.Equal(Reasons.NameTaken, e.Reason);
        Assert.Contains("Service named hello", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stranger_that_is_not_in_the_way_is_left_alone()
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered) with { Ingress = new V1Ingress { Metadata = new V1ObjectMeta { Name = "hello" } } };
        Assert.Empty(Plan(rendered, live));
    }

    [Fact]
    public void What_an_earlier_Lambda_of_the_name_left_is_replaced()
    {
        var rendered = Rendered(AWorkload());
        var live = LiveOf(rendered);
        live.Service!.Metadata.OwnerReferences[0].Uid = "another";
        Assert.Equal(["Delete Service: it is left from an earlier Lambda of this name", "Apply Service: it is missing"], Plan(rendered, live));
    }

    [Fact]
    public void A_fight_over_an_object_has_a_bound()
    {
        var time = new FakeTimeProvider();
        var limit = new RepairLimit(time);
        var service = Rendered(AWorkload()).Service;
        Assert.All(Enumerable.Range(0, RepairLimit.MostPerWindow), _ => Assert.True(limit.TryTake(service)));
        Assert.False(limit.TryTake(service));
        Assert.True(limit.TryTake(Rendered(AWorkload()).Deployment));
        time.Advance(RepairLimit.Window);
        Assert.True(limit.TryTake(service));
    }

    private static V1ManagedFieldsEntry Entry(string manager, string operation, string fields) => new()
    {
        Manager = manager,
        Operation = operation,
        ApiVersion = "apps/v1",
        FieldsType = "FieldsV1",
        FieldsV1 = JsonSerializer.Deserialize<JsonElement>(fields),
    };
}
