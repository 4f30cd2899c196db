using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Observing;
using Kublambda.Deployer.Rendering;
using static Kublambda.Deployer.Tests.Build;

namespace Kublambda.Deployer.Tests;

/// <summary>Two Lambdas with one host: the older Ingress keeps it.</summary>
public sealed class RouteClaimsTests
{
    private static readonly DateTime Noon = new(2026, 1, 2, 12, 0, 0, DateTimeKind.Utc);

    private static Workload Wanting(string? host, string? path = null) => AWorkload(with: spec => spec with
    {
        Triggers = [new TriggerSpec { Name = "web", Http = new() { Exposure = Exposures.Ingress, Host = host, Path = path } }],
    });

    private static V1Ingress AnIngress(string lambda, string uid, DateTime made, string? host, string path = "/") => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = lambda,
            NamespaceProperty = "toys",
            Uid = $"ingress-{uid}",
            CreationTimestamp = made,
            Labels = Labels.For(new LambdaRef("toys", lambda, uid)),
        },
        Spec = new V1IngressSpec { Rules = [new V1IngressRule { Host = host, Http = new() { Paths = [new V1HTTPIngressPath { Path = path }] } }] },
    };

    private static RenderedWorkload Render(Workload workload, params V1Ingress[] ingresses) =>
        WorkloadRenderer.Render(workload, new HttpOptions(), "autoscaling/v2", ingresses);

    [Theory]
    [InlineData("shop.example.com", "/", "SHOP.example.com", "/", true)]
    [InlineData("shop.example.com", "/", "shop.example.com", "/orders", false)]
    [InlineData("shop.example.com", "/", "toys.example.com", "/", false)]
    [InlineData(null, "/", null, "/", true)]
    [InlineData(null, "/", "shop.example.com", "/", false)]
    public void A_host_and_path_that_another_has_already_are_left_to_it(string? host, string path, string? others, string othersPath, bool taken)
    {
        var rendered = Render(Wanting(host, path), AnIngress("other", "x", Noon, others, othersPath));
        Assert.Equal(taken ? "toys/other" : null, rendered.Routes[0].TakenBy);
        Assert.Equal(taken, rendered.Ingress is null);
    }

    [Fact]
    public void Of_two_the_older_keeps_it_and_at_the_same_second_the_first_by_uid()
    {
        var workload = Wanting("shop.example.com");
        Assert.Null(Render(workload, AnIngress("hello", Uid, Noon, "shop.example.com"), AnIngress("other", "x", Noon.AddSeconds(1), "shop.example.com")).Routes[0].TakenBy);
        Assert.Equal("toys/other", Render(workload, AnIngress("hello", Uid, Noon, "shop.example.com"), AnIngress("other", "x", Noon.AddSeconds(-1), "shop.example.com")).Routes[0].TakenBy);
        Assert.Null(Render(workload, AnIngress("hello", Uid, Noon, "shop.example.com"), AnIngress("other", "x", Noon, "shop.example.com")).Routes[0].TakenBy);
        Assert.Equal("toys/other", Render(workload, AnIngress("hello", Uid, Noon, "shop.example.com"), AnIngress("other", "0", Noon, "shop.example.com")).Routes[0].TakenBy);
    }

    [Fact]
    public void One_that_is_being_deleted_has_nothing_any_more()
    {
        var ending = AnIngress("other", "x", Noon, "shop.example.com");
        ending.Metadata.DeletionTimestamp = Noon;
        Assert.NotNull(Render(Wanting("shop.example.com"), ending).Ingress);
    }

    [Fact]
    public void Whose_it_is_and_what_to_do_is_said()
    {
        var rendered = Render(Wanting("shop.example.com"), AnIngress("other", "x", Noon, "shop.example.com"));
        var trigger = Observer.Observe(AView(ADeployment(available: 1), APod(Running(5), ready: true)) with { Routes = rendered.Routes }, Now).Triggers[0];
        Assert.Equal((false, Reasons.HostTaken, null), (trigger.Ready, trigger.Reason, trigger.Url));
        Assert.Contains("shop.example.com", trigger.Message, StringComparison.Ordinal);
        Assert.Contains("toys/other", trigger.Message, StringComparison.Ordinal);
        Assert.Contains("spec.triggers[].http.host", trigger.Message, StringComparison.Ordinal);
    }
}
