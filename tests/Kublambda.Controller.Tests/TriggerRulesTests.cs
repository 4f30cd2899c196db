using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using static Kublambda.Controller.Tests.Judging;

namespace Kublambda.Controller.Tests;

/// <summary><c>spec.triggers</c>; what is inside a resource trigger is in <see cref="ResourceTriggerRulesTests"/>.</summary>
public sealed class TriggerRulesTests
{
    [Fact]
    public void A_mistake_in_a_resource_trigger_is_named_by_its_field() => Refused(
        new ALambda().WithTriggers(new TriggerSpec { Name = "jobs", Resource = new ResourceTrigger { ApiVersion = "v1", Kind = "pods" } }),
        Reasons.Invalid, "spec.triggers[0].resource.kind", "with a capital");

    private static TriggerSpec Http(string name, string? host = null, string? path = null, string? exposure = null) =>
        new() { Name = name, Http = new HttpTrigger { Host = host, Path = path, Exposure = exposure } };

    [Fact]
    public void Triggers_have_different_names_and_exactly_one_kind()
    {
        Refused(new ALambda().WithTriggers(Http("web"), Http("web", path: "/b")), Reasons.Invalid, "spec.triggers[1].name", "another trigger");
        Refused(new ALambda().WithTriggers(new TriggerSpec { Name = "web" }), Reasons.Invalid, "spec.triggers[0]", "no kind");
        Refused(
            new ALambda().WithTriggers(new TriggerSpec { Name = "web", Http = new HttpTrigger(), Resource = new ResourceTrigger() }),
            Reasons.Invalid, "spec.triggers[0]", "both");
        Refused(new ALambda().WithTriggers(Http("a"), Http("b")), Reasons.Invalid, "spec.triggers[1].http", "those of spec.triggers[0]");
        Refused(
            new ALambda().WithTriggers(Http("a", exposure: Exposures.NodePort), Http("b", exposure: Exposures.LoadBalancer)),
            Reasons.Invalid, "spec.triggers[1].http.exposure", "has one");
    }

    [Theory]
    [InlineData("..")]
    [InlineData("/../x")]
    [InlineData("/a/./b")]
    [InlineData("//x")]
    [InlineData("/%2e%2e/x")]
    [InlineData("/healthz")]
    [InlineData("/healthz/ready")]
    [InlineData("/.well-known/acme-challenge/x")]
    [InlineData("/a;b")]
    [InlineData("/a\nb")]
    public void Paths_that_mislead_a_router_are_refused(string path) =>
        Refused(new ALambda().WithTriggers(Http("web", path: path)), Reasons.Invalid, "spec.triggers[0].http.path", "/orders");

    [Theory]
    [InlineData("Shop.Example.com")]
    [InlineData("10.0.0.1")]
    [InlineData("*.example.com")]
    [InlineData("localhost")]
    [InlineData("x.default.svc")]
    [InlineData("kubernetes.default.svc.cluster.local")]
    [InlineData("a..b")]
    [InlineData("shop.example.com\n")]
    public void Hosts_that_are_not_names_of_the_outside_are_refused(string host) =>
        Refused(new ALambda().WithTriggers(Http("web", host)), Reasons.Invalid, "spec.triggers[0].http.host", "shop.example.com");

    [Fact]
    public void Fields_without_effect_are_refused_and_not_ignored() => Refused(
        new ALambda().WithTriggers(Http("web", "shop.example.com", exposure: Exposures.NodePort)),
        Reasons.Invalid, "spec.triggers[0].http.host", "no effect with exposure NodePort");
}
