using k8s;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests;

public sealed class BuildPodTests
{
    [Theory]
    [InlineData("buildah", false)]
    [InlineData("buildah", true)]
    [InlineData("kaniko", false)]
    [InlineData("kaniko", true)]
    [InlineData("buildpacks", false)]
    [InlineData("buildpacks-phases", false)]
    public void The_rendered_pod_is_the_golden_one(string pipeline, bool dependencies)
    {
        var job = TestPipelines.Job(pipeline: pipeline) with { Builder = new BuilderImage("sha256:b", 1001, 1000, "0.13") };
        if (dependencies)
            job = job with { Dependencies = "fedcba9876543210", Toolchain = TestPipelines.Options.Toolchains["nodejs"] };
        var rendered = KubernetesYaml.Serialize(BuildPod.Render(job, TestPipelines.Options)).ReplaceLineEndings("\n").Trim() + "\n";
        var golden = Path.Combine(AppContext.BaseDirectory, "Golden", $"{pipeline}{(dependencies ? "-dependencies" : "")}-pod.yaml");
        if (!File.Exists(golden) || File.ReadAllText(golden) != rendered)
        {
            // To take over what is rendered now: copy this file over the golden one, after reading the difference.
            File.WriteAllText(golden + ".actual", rendered);
            Assert.Fail($"differs from the golden file; see {golden}.actual");
        }
    }

    [Fact]
    public void Steps_that_talk_to_others_trust_the_installations_bundle_and_those_on_the_network_get_its_settings()
    {
        var options = TestPipelines.Options with { TrustBundle = "our-ca", EnvironmentSecret = "proxies" };
        var pod = BuildPod.Render(TestPipelines.Job(pipeline: "kaniko") with { Dependencies = "0", Toolchain = "t" }, options).Spec;
        Assert.Equal("our-ca", Assert.Single(pod.Volumes, v => v.ConfigMap is not null).ConfigMap.Name);
        Assert.All(pod.InitContainers.Concat(pod.Containers), c =>
        {
            Assert.Contains(c.VolumeMounts, m => m is { MountPath: "/etc/kublambda/trust", ReadOnlyProperty: true });
            Assert.Equal("/etc/kublambda/trust/ca-certificates.crt", Assert.Single(c.Env, e => e.Name == "SSL_CERT_FILE").Value);
        });
        // The step that runs what others wrote is the only one without credentials.
        Assert.Equal(["install", "image"], pod.InitContainers.Concat(pod.Containers).Where(c => c.EnvFrom is not null).Select(c => c.Name));
        Assert.Equal(["install"], pod.InitContainers.Concat(pod.Containers).Where(c => c.VolumeMounts.All(m => m.Name != PipelineFile.CredentialsVolume)).Select(c => c.Name));
    }

    [Fact]
    public void Where_code_of_the_source_runs_phase_by_phase_there_are_no_credentials()
    {
        var job = TestPipelines.Job(pipeline: "buildpacks-phases") with { Builder = new BuilderImage("sha256:b", 1001, 1000, "0.13") };
        var pod = BuildPod.Render(job, TestPipelines.Options).Spec;
        var steps = pod.InitContainers.Concat(pod.Containers).ToDictionary(c => c.Name, c => c.VolumeMounts.Any(m => m.Name == PipelineFile.CredentialsVolume));
        Assert.Equal(["fetch", "platform", "analyze", "detect", "restore", "build", "export"], steps.Keys);
        Assert.Equal(["platform", "detect", "build"], steps.Where(s => !s.Value).Select(s => s.Key));
        Assert.All(pod.InitContainers.Concat(pod.Containers), c => Assert.Equal((1001, 1000, true), (c.SecurityContext.RunAsUser, c.SecurityContext.RunAsGroup, c.SecurityContext.RunAsNonRoot)));
    }

    [Fact]
    public void Every_container_is_bounded_and_unprivileged_and_no_token_is_there()
    {
        var pod = BuildPod.Render(TestPipelines.Job(), TestPipelines.Options).Spec;
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.False(pod.EnableServiceLinks);
        Assert.Equal("Never", pod.RestartPolicy);
        Assert.Equal(600, pod.ActiveDeadlineSeconds);
        Assert.All(pod.InitContainers.Concat(pod.Containers), c =>
        {
            Assert.Equal(["ALL"], c.SecurityContext.Capabilities.Drop);
            Assert.False(c.SecurityContext.AllowPrivilegeEscalation);
            Assert.True(c.Resources.Limits.ContainsKey("memory"));
        });
        Assert.All(pod.Volumes, v => Assert.True(v.EmptyDir is not null || v.Secret is { Optional: true }));
    }

    [Fact]
    public void Resources_of_the_Lambda_hold_for_every_step_and_its_timeout_for_the_pod()
    {
        var job = TestPipelines.Job() with
        {
            Settings = new BuildSpec { TimeoutSeconds = 30, Resources = new() { Limits = new Dictionary<string, string> { ["memory"] = "64Mi" } } },
        };
        var pod = BuildPod.Render(job, TestPipelines.Options).Spec;
        Assert.Equal(30, pod.ActiveDeadlineSeconds);
        Assert.All(pod.InitContainers.Concat(pod.Containers), step =>
        {
            Assert.Equal("64Mi", step.Resources.Limits["memory"].ToString());
            // Kubernetes refuses a request above its limit.
            Assert.True(step.Resources.Requests["memory"].ToDecimal() <= 64 * 1024 * 1024);
        });
    }

    [Fact]
    public void A_request_of_the_Lambda_raises_limits_that_it_does_not_name()
    {
        var job = TestPipelines.Job() with
        {
            Settings = new BuildSpec { Resources = new() { Requests = new Dictionary<string, string> { ["memory"] = "3Gi" } } },
        };
        Assert.All(BuildPod.Render(job, TestPipelines.Options).Spec.Containers, step => Assert.Equal("3Gi", step.Resources.Limits["memory"].ToString()));
    }

    [Fact]
    public void Variables_of_the_user_reach_only_steps_without_credentials_and_are_not_expanded()
    {
        var pipeline = PipelineFile.Read("p.yaml", """
            name: p
            description: d
            steps:
              - name: run
                image: i
                buildEnv: true
                resources: {limits: {memory: 1Gi}}
                securityContext: {capabilities: {drop: [ALL]}}
              - name: push
                image: i
                registryCredentials: /auth
                resources: {limits: {memory: 1Gi}}
                securityContext: {capabilities: {drop: [ALL]}}
            """, new Dictionary<string, string>());
        var job = TestPipelines.Job() with
        {
            Pipeline = pipeline,
            Settings = new BuildSpec { Env = [new EnvVar { Name = "EVIL", Value = "$(REGISTRY_PASSWORD)\n$(build.image)" }] },
        };
        var pod = BuildPod.Render(job, TestPipelines.Options).Spec;
        Assert.Equal("EVIL", pod.InitContainers[0].Env[0].Value);
        Assert.Equal("$$(REGISTRY_PASSWORD)\n$$(build.image)", pod.InitContainers[0].Env[1].Value);
        Assert.Null(pod.InitContainers[0].VolumeMounts);
        Assert.Null(pod.Containers[0].Env);
        Assert.Equal("/auth", Assert.Single(pod.Containers[0].VolumeMounts).MountPath);
    }

    [Fact]
    public void A_long_name_still_makes_a_valid_pod_name_and_the_labels_say_whose_it_is()
    {
        var lambda = TestPipelines.Resize with { Name = new string('a', Limits.NameLength) };
        var pod = BuildPod.Render(TestPipelines.Job(lambda), TestPipelines.Options);
        Assert.True(pod.Name().Length <= 63);
        Assert.Equal(lambda, BuildPod.LambdaOf(pod));
        Assert.Equal(3, BuildPod.GenerationOf(pod));
        Assert.Equal(1, BuildPod.AttemptOf(pod));
    }

    [Fact]
    public void A_revision_changes_with_everything_that_decides_the_image_and_with_nothing_else()
    {
        var pipeline = TestPipelines.Buildah();
        string Of(string bundle = "b", string runtime = "r", Pipeline? p = null, IReadOnlyList<EnvVar>? env = null, string? rebuild = null) =>
            Revision.Of(bundle, runtime, p ?? pipeline, env, rebuild);
        string[] different =
        [
            Of(), Of(bundle: "c"), Of(runtime: "s"), Of(bundle: "br", runtime: ""), Of(p: pipeline with { Steps = [pipeline.Steps[1]] }),
            Of(p: pipeline with { Parameters = [pipeline.Parameters[0] with { Value = "other" }] }),
            Of(env: [new EnvVar { Name = "A", Value = "1" }]), Of(env: [new EnvVar { Name = "A", Value = "2" }]), Of(rebuild: "1"), Of(rebuild: "2"),
        ];
        Assert.Equal(different.Length, different.Distinct().Count());
        Assert.All(different, r => Assert.Matches("^[0-9a-f]{12}$", r));
        Assert.Equal(Of(), Of(p: TestPipelines.Buildah() with { Description = "other words" }, env: []));
    }
}
