using System.Net;
using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>From <c>kubectl apply</c> to a URL, and what a user sees of it.</summary>
public sealed class HelloTests(TestNamespace<HelloTests> space) : IClassFixture<TestNamespace<HelloTests>>, IAsyncLifetime
{
    /// <summary>Says hello, and what a pod of a cluster should not let it see.</summary>
    private const string Code = """
        const fs = require('node:fs');
        exports.handler = (req) => req.path === '/inside'
          ? { uid: process.getuid(), token: fs.existsSync('/var/run/secrets/kubernetes.io/serviceaccount/token'),
              services: Object.keys(process.env).filter((name) => name.endsWith('_SERVICE_HOST')), writable: canWrite('/function/x') || canWrite('/opt/x'),
              tmp: canWrite('/tmp/x') }
          : `Hello, ${req.query.name ?? 'world'}!`;
        function canWrite(path) { try { fs.writeFileSync(path, ''); return true; } catch { return false; } }
        """;

    private Lambda hello = null!;

    /// <summary>The same Lambda for all tests of the class: the first applies it, for the others nothing changes.</summary>
    public async ValueTask InitializeAsync() => hello = await space.ApplyUntilReadyAsync(ALambda("hello").WithInline("index.js", Code));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_applied_Lambda_answers_at_its_url()
    {
        await space.AnswersAsync(hello, "Hello, world!");
        Assert.Equal("Hello, Kubernetes!", (await space.CallAsync(hello, "/?name=Kubernetes")).Body);
    }

    [Fact]
    public async Task Kubectl_wait_for_Ready_succeeds()
    {
        var said = await space.KubectlAsync("wait", "--for=condition=Ready", "lambda/hello", "--timeout=60s");
        Assert.Contains("condition met", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubectl_get_shows_ready_reason_url_and_age_and_the_image_when_asked()
    {
        var plain = await TableAsync("get", "lam", "hello");
        Assert.Equal(["NAME", "READY", "REASON", "URL", "AGE"], plain.Keys);
        Assert.Equal(("True", Reasons.Ready, hello.Status!.Url), (plain["READY"], plain["REASON"], plain["URL"]));

        var wide = await TableAsync("get", "kublambda", "hello", "-o", "wide");
        Assert.Equal(hello.Status.Image, wide["IMAGE"]);
    }

    [Fact]
    public async Task Kubectl_explain_teaches_every_field_of_a_trigger()
    {
        var explained = await space.KubectlAsync("explain", "lambda.spec.triggers");
        Assert.Contains("DESCRIPTION", explained, StringComparison.Ordinal);
        Assert.Matches(new Regex(@"http\s+<Object>\s+\S+"), explained);
        Assert.Matches(new Regex(@"resource\s+<Object>\s+\S+"), explained);
    }

    [Fact]
    public async Task All_conditions_are_true_and_speak_of_the_newest_generation()
    {
        string[] types = [ConditionTypes.Accepted, ConditionTypes.Built, ConditionTypes.Deployed, ConditionTypes.Ready];
        var settled = await space.ReadAsync("hello");
        Assert.All(types, type => Assert.Equal(
            (ConditionStatus.True, hello.Metadata.Generation), (Seen.Condition(settled, type)?.Status, Seen.Condition(settled, type)?.ObservedGeneration)));
        Assert.Contains(Labels.Finalizer, settled.Metadata.Finalizers);
    }

    [Fact]
    public async Task The_registry_has_the_image_under_the_digest_in_the_status_and_the_revision_as_its_tag()
    {
        var (repository, digest) = RegistryView.Parse(hello.Status!.Image!);
        Assert.Equal(Names.Repository(LambdaRef.Of(hello)), repository);
        Assert.Equal(digest, await space.Cluster.Registry.DigestAsync(repository, Names.ImageTag(hello.Status.Revision!)));
        Assert.NotNull(await space.Cluster.Registry.DigestAsync(repository, Names.SourceTag(hello.Status.Revision!)));
        Assert.Empty(await space.Cluster.Registry.MissingAsync(hello.Status.Image!));
    }

    [Fact]
    public async Task The_pod_is_restricted_and_has_no_token()
    {
        var pod = (await space.PodsAsync(hello))[0].Spec;
        var container = Assert.Single(pod.Containers);

        Assert.False(pod.AutomountServiceAccountToken);
        Assert.False(pod.EnableServiceLinks);
        Assert.True(pod.SecurityContext.RunAsNonRoot ?? container.SecurityContext.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", (pod.SecurityContext.SeccompProfile ?? container.SecurityContext.SeccompProfile)?.Type);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.Null(container.SecurityContext.Capabilities.Add);
        Assert.Equal(hello.Status!.Image, container.Image);
    }

    [Fact]
    public async Task The_code_sees_no_token_no_other_service_and_can_write_to_tmp_alone()
    {
        await space.AnswersAsync(hello, "Hello, world!");
        var inside = await space.CallAsync(hello, "/inside");
        Assert.Equal(HttpStatusCode.OK, inside.Status);
        Assert.Equal("""{"uid":65532,"token":false,"services":["KUBERNETES_SERVICE_HOST"],"writable":false,"tmp":true}""", inside.Body);
    }

    [Fact]
    public async Task Kubectl_describe_tells_the_story_in_events()
    {
        await Eventually.HoldsAsync(
            "Events about the build and about being ready", () => space.KubectlAsync("describe", "lambda", "hello"),
            text => text.Contains(Reasons.BuildSucceeded, StringComparison.Ordinal) && Regex.IsMatch(text, @"Normal\s+Ready\s"), seconds: 30);
    }

    [Fact]
    public async Task Kubectl_scale_sets_the_replicas_and_the_status_counts_them()
    {
        try
        {
            await space.KubectlAsync("scale", "lambda", "hello", "--replicas=2");
            var scaled = await space.UntilAsync("hello", "two ready replicas", l => Seen.IsReady(l) && l.Status?.Replicas == 2);
            Assert.Equal(2, scaled.Spec.Scaling!.MinReplicas);
            Assert.Equal(hello.Status!.Revision, scaled.Status!.Revision);
            Assert.Single(await space.BuildPodsAsync(hello));
        }
        finally
        {
            await space.KubectlAsync("scale", "lambda", "hello", "--replicas=1");
        }
    }

    /// <summary>The one row of a table of kubectl, by its columns.</summary>
    private async Task<Dictionary<string, string>> TableAsync(params string[] arguments)
    {
        var lines = (await space.KubectlAsync(arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        var names = Regex.Split(lines[0].Trim(), @"\s{2,}");
        var values = Regex.Split(lines[1].Trim(), @"\s{2,}");
        return names.Zip(values).ToDictionary(cell => cell.First, cell => cell.Second, StringComparer.Ordinal);
    }
}
