using System.Text.Json;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Consumers;
using static Kublambda.Deployer.Tests.Build;

namespace Kublambda.Deployer.Tests;

public sealed class TargetWorkloadTests
{
    private static readonly LambdaCondition[] Built2 = [True(ConditionTypes.Accepted, 2), True(ConditionTypes.Built, 2)];

    private static V1Deployment RenderedFrom(long generation, string image = "older") =>
        Rendered(AWorkload(generation) with { Image = image, Revision = "older" }).Deployment;

    [Fact]
    public void A_Lambda_that_was_never_built_has_nothing_to_run() =>
        Assert.Null(TargetWorkload.Choose(ALambda(2, True(ConditionTypes.Accepted, 2)) with { Status = new() }, null, null));

    [Fact]
    public void A_built_generation_is_rolled_out_from_status()
    {
        var target = TargetWorkload.Choose(ALambda(2, Built2), RenderedFrom(1), null);
        Assert.Equal((2, Image), (target!.Generation, target.Image));
    }

    [Fact]
    public void A_Deployment_of_this_generation_keeps_its_image_over_an_older_status() =>
        Assert.Equal("newer", TargetWorkload.Choose(ALambda(2, Built2), RenderedFrom(2, "newer"), null)!.Image);

    [Fact]
    public void A_reading_of_the_Lambda_that_is_older_than_the_Deployment_changes_nothing() =>
        Assert.Equal((3, "newer"), TargetWorkload.Choose(ALambda(2, Built2), RenderedFrom(3, "newer"), null) is { } t ? (t.Generation, t.Image) : default);

    [Fact]
    public void A_new_spec_is_not_rolled_out_with_the_old_image()
    {
        var lambda = ALambda(2, True(ConditionTypes.Accepted, 2), True(ConditionTypes.Built, 1));
        lambda = lambda with { Spec = lambda.Spec with { Handler = "new.one" } };
        var target = TargetWorkload.Choose(lambda, RenderedFrom(1), null);
        Assert.Equal((1, "older", null), (target!.Generation, target.Image, target.Spec.Handler));
    }

    [Fact]
    public void A_spec_that_is_not_accepted_leaves_the_old_one_in_place() =>
        Assert.Equal(1, TargetWorkload.Choose(ALambda(2, True(ConditionTypes.Built, 2)), RenderedFrom(1), null)!.Generation);

    [Fact]
    public void A_deleted_Deployment_comes_back_as_it_was_last_rendered() =>
        Assert.Equal("remembered", TargetWorkload.Choose(
            ALambda(2, True(ConditionTypes.Accepted, 2), True(ConditionTypes.Built, 1)), null, AWorkload(1) with { Image = "remembered" })!.Image);

    [Fact]
    public void A_deleted_Deployment_that_nobody_remembers_comes_back_with_the_last_image_and_no_generation()
    {
        var target = TargetWorkload.Choose(ALambda(2, True(ConditionTypes.Accepted, 2), True(ConditionTypes.Built, 1)), null, null);
        Assert.Equal((0, Image), (target!.Generation, target.Image));
    }

    [Fact]
    public void An_annotation_that_cannot_be_read_is_as_if_it_were_not_there()
    {
        var deployment = RenderedFrom(2);
        deployment.Metadata.Annotations[Annotations.RenderedFrom] = "{";
        Assert.Equal(Image, TargetWorkload.Choose(ALambda(2, Built2), deployment, null)!.Image);
    }

    [Fact]
    public void An_annotation_that_somebody_else_wrote_is_as_if_it_were_not_there()
    {
        var deployment = RenderedFrom(2, "evil");
        deployment.Metadata.ManagedFields =
        [
            new V1ManagedFieldsEntry
            {
                Manager = "kubectl-annotate",
                Operation = "Update",
                FieldsV1 = JsonSerializer.Deserialize<JsonElement>("""{"f:metadata":{"f:annotations":{"f:kublambda.dev/rendered-from":{}}}}"""),
            },
        ];
        Assert.Equal(Image, TargetWorkload.Choose(ALambda(2, Built2), deployment, null)!.Image);
    }

    [Fact]
    public void What_a_workload_was_rendered_from_survives_on_the_Deployment()
    {
        var workload = AWorkload(3, s => s with { Env = [new() { Name = "A", Value = "ü\n\"" }], Resources = new() { Limits = new Dictionary<string, string> { ["cpu"] = "1" } } });
        Assert.Equal(workload.ToJson(), Workload.On(Rendered(workload).Deployment, workload.Lambda)!.ToJson());
    }

    [Fact]
    public void An_environment_too_large_for_an_annotation_is_rendered_all_the_same()
    {
        var workload = AWorkload(3, s => s with { Env = [.. Enumerable.Range(0, 3).Select(i => new EnvVar { Name = $"E{i}", Value = new string('x', 32768) })] });
        var deployment = Rendered(workload).Deployment;
        Assert.Null(Workload.On(deployment, workload.Lambda));
        Assert.Contains(deployment.Spec.Template.Spec.Containers[0].Env, e => e is { Name: "E2", Value.Length: 32768 });
    }

    [Fact]
    public void A_message_about_another_state_of_the_Lambda_is_dropped()
    {
        var lambda = ALambda(2, True(ConditionTypes.Accepted, 2));
        var built = new LambdaBuilt { Lambda = LambdaRef.Of(lambda), Generation = 2, Revision = Revision, Image = Image, Pipeline = "buildah" };
        Assert.Null(LambdaBuiltConsumer.Stale(lambda, built));
        Assert.NotNull(LambdaBuiltConsumer.Stale(null, built));
        Assert.NotNull(LambdaBuiltConsumer.Stale(lambda, built with { Generation = 1 }));
        Assert.NotNull(LambdaBuiltConsumer.Stale(lambda, built with { Lambda = built.Lambda with { Uid = "other" } }));
        Assert.NotNull(LambdaBuiltConsumer.Stale(ALambda(2, True(ConditionTypes.Accepted, 1)), built));
        lambda.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.NotNull(LambdaBuiltConsumer.Stale(lambda, built));
    }
}
