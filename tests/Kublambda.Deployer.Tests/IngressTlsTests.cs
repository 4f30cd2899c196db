using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Observing;
using Kublambda.Deployer.Rendering;
using static Kublambda.Deployer.Tests.Build;

namespace Kublambda.Deployer.Tests;

public sealed class IngressTlsTests
{
    private static RenderedWorkload Render(HttpOptions options, string? host = "shop.example.com") => WorkloadRenderer.Render(
        AWorkload(with: spec => spec with { Triggers = [new TriggerSpec { Name = "web", Http = new() { Exposure = Exposures.Ingress, Host = host } }] }),
        options, "autoscaling/v2");

    private static string? UrlOf(RenderedWorkload rendered) =>
        Observer.Observe(AView(ADeployment(available: 1), APod(Running(5), ready: true)) with { Routes = rendered.Routes, Ingress = rendered.Ingress }, Now).Url;

    [Fact]
    public void Without_the_setting_there_is_no_TLS()
    {
        var rendered = Render(new HttpOptions());
        Assert.Null(rendered.Ingress!.Spec.Tls);
        Assert.Equal("http://shop.example.com", UrlOf(rendered));
    }

    [Fact]
    public void With_it_hosts_have_the_certificate_of_the_ingress_controller_and_the_URL_says_so()
    {
        var rendered = Render(new HttpOptions { Tls = true });
        var tls = Assert.Single(rendered.Ingress!.Spec.Tls);
        Assert.Equal(["shop.example.com"], tls.Hosts);
        Assert.Null(tls.SecretName);
        Assert.Equal("https://shop.example.com", UrlOf(rendered));
    }

    [Fact]
    public void An_issuer_makes_a_certificate_of_their_own()
    {
        var ingress = Render(new HttpOptions { ClusterIssuer = "letsencrypt" }).Ingress!;
        Assert.Equal("hello-tls", Assert.Single(ingress.Spec.Tls).SecretName);
        Assert.Equal("letsencrypt", ingress.Metadata.Annotations["cert-manager.io/cluster-issuer"]);
    }

    [Fact]
    public void What_has_no_host_has_no_certificate() => Assert.Null(Render(new HttpOptions { Tls = true }, host: null).Ingress!.Spec.Tls);
}
