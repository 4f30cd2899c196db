using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;

namespace Kublambda.Builder.Tests;

/// <summary>What the kubelet writes about pods that failed, and what the user reads of it.</summary>
public sealed class BuildPodReportTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_pod_that_pushed_names_its_digest()
    {
        var digest = $"sha256:{new string('c', 64)}";
        var report = BuildPodReport.Of(APod("Succeeded", Ended("fetch", 0), Ended("image", 0, message: digest + "\n")));
        Assert.Equal((BuildPhase.Succeeded, digest), (report.Phase, report.Digest));
        Assert.Null(BuildPodReport.Of(APod("Succeeded", Ended("fetch", 0), Ended("image", 0, message: "no digest"))).Digest);
    }

    [Fact]
    public void A_lifecycle_that_exported_names_its_digest_in_its_report()
    {
        var digest = $"sha256:{new string('c', 64)}";
        var toml = $"[build]\n\n[image]\n  tags = [\"host:5000/shop/x:0123\"]\n  digest = \"{digest}\"\n  manifest-size = 2353\n";
        Assert.Equal(digest, BuildPodReport.Of(APod("Succeeded", Ended("fetch", 0), Ended("image", 0, message: toml))).Digest);
    }

    [Theory]
    [InlineData("buildpacks", "create", 20, Reasons.BuildpackNotDetected, "recognises the source")]
    [InlineData("buildpacks", "create", 51, Reasons.BuildFailed, "failed to build the source")]
    [InlineData("buildpacks", "create", 12, Reasons.BuilderIncompatible, "Build__PaketoImage")]
    [InlineData("buildpacks", "create", 62, Reasons.RegistryUnavailable, "registry")]
    [InlineData("buildpacks-phases", "detect", 21, Reasons.BuildpackNotDetected, "the log says which")]
    [InlineData("buildpacks-phases", "analyze", 32, Reasons.RegistryUnavailable, "registry")]
    [InlineData("buildpacks-phases", "build", 51, Reasons.BuildFailed, "failed to build the source")]
    [InlineData("buildpacks-phases", "build", 1, Reasons.BuildFailed, "exit code 1")]
    public void Exit_codes_mean_what_the_pipeline_says(string pipeline, string step, int code, string reason, string words)
    {
        var pod = APod("Failed", Ended("fetch", 0), Ended(step, code, "Error"));
        pod.Metadata.Annotations = new Dictionary<string, string> { [StepFailures.Annotation] = StepFailures.Write(TestPipelines.Named(pipeline))! };
        var report = BuildPodReport.Of(pod);
        Assert.Equal(reason, report.Reason);
        Assert.Contains(words, report.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deadline_is_a_timeout()
    {
        var pod = APod("Failed", Ended("fetch", 0), Ended("image", 137));
        pod.Status.Reason = "DeadlineExceeded";
        Fault(pod, Reasons.BuildTimeout, "600 s", "spec.build.timeoutSeconds");
    }

    [Fact]
    public void A_deadline_while_an_image_could_not_be_pulled_blames_the_image()
    {
        var pod = APod("Failed", Waiting("fetch", "ImagePullBackOff", "Back-off pulling image"), Waiting("image", "PodInitializing"));
        pod.Status.Reason = "DeadlineExceeded";
        Fault(pod, Reasons.BuildImageUnavailable, "fetch", "operator");
    }

    [Theory]
    [InlineData("OOMKilled", 137)]
    [InlineData("Error", 137)]
    public void A_kill_is_a_lack_of_memory(string reason, int code) =>
        Fault(APod("Failed", Ended("fetch", 0), Ended("image", code, reason)), Reasons.BuildOutOfMemory, "of 2Gi", "spec.build.resources.limits.memory");

    [Fact]
    public void A_container_that_cannot_even_start_for_lack_of_memory_says_memory() =>
        Fault(APod("Failed", Ended("fetch", 0), Ended("image", 128, "StartError", "container init was OOM-killed (memory limit too low?)")), Reasons.BuildOutOfMemory, "memory");

    [Fact]
    public void A_called_off_pod_has_not_run_out_of_memory()
    {
        var pod = APod("Failed", Ended("fetch", 0), Ended("image", 137));
        pod.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Equal(new BuildPodReport { Phase = BuildPhase.Active }, BuildPodReport.Of(pod));
    }

    [Theory]
    [InlineData("Evicted", "The node was low on resource: ephemeral-storage.")]
    [InlineData("Shutdown", "Node is shutting, evicting pods")]
    [InlineData("NodeLost", "Node local which was running the pod is unresponsive")]
    public void A_pod_that_its_node_ended_was_evicted(string reason, string words)
    {
        var pod = APod("Failed");
        (pod.Status.Reason, pod.Status.Message) = (reason, words);
        Fault(pod, Reasons.BuildEvicted, reason, words);
    }

    [Fact]
    public void An_evicted_pod_of_which_nothing_else_is_left_ended_when_the_kubelet_said_so()
    {
        var pod = APod("Failed");
        (pod.Status.Reason, pod.Status.StartTime) = ("Evicted", Now.UtcDateTime);
        pod.Metadata.ManagedFields = [new() { Manager = "kubelet", Time = Now.UtcDateTime.AddSeconds(60) }, new() { Manager = "other", Time = Now.UtcDateTime.AddSeconds(90) }];
        Assert.Equal(Now.AddSeconds(60), BuildPodReport.FinishedAt(pod));
        Assert.Equal(TimeSpan.FromSeconds(5), RetryPolicy.Decide(pod, new BuildFault(Reasons.BuildEvicted, "", null), 1, Now.AddSeconds(60)).Wait);
        pod.Metadata.ManagedFields = null;
        Assert.Equal(Now, BuildPodReport.FinishedAt(pod));
    }

    [Theory]
    [InlineData("ErrImagePull", Reasons.BuildImageUnavailable)]
    [InlineData("ImagePullBackOff", Reasons.BuildImageUnavailable)]
    [InlineData("InvalidImageName", Reasons.BuildImageUnavailable)]
    [InlineData("CreateContainerConfigError", Reasons.BuildPodRejected)]
    public void A_pod_that_is_held_up_says_why(string waiting, string reason) =>
        Fault(APod("Pending", Waiting("fetch", waiting, "rpc error: no such host"), Waiting("image", "PodInitializing")), reason, "\"fetch\"", "rpc error: no such host");

    [Fact]
    public void A_pod_without_a_node_says_what_the_scheduler_says()
    {
        var pod = APod("Pending");
        pod.Status.Conditions = [new V1PodCondition { Type = "PodScheduled", Status = "False", Reason = "Unschedulable", Message = "0/1 nodes are available: 1 Insufficient cpu." }];
        Fault(pod, Reasons.BuildPodRejected, "Insufficient cpu");
    }

    [Theory]
    [InlineData("Pending", "PodInitializing")]
    [InlineData("Pending", "ContainerCreating")]
    [InlineData("Running", null)]
    public void A_pod_that_is_about_to_run_has_no_fault(string phase, string? waiting) =>
        Assert.Equal(new BuildPodReport { Phase = BuildPhase.Active }, BuildPodReport.Of(waiting is null ? APod(phase) : APod(phase, Waiting("fetch", waiting))));

    [Theory]
    [InlineData("Error: writing blob: initiating layer upload to /v2/x/blobs/uploads/ in r:5000: unauthorized: authentication required", "401 or 403", Reasons.RegistryDenied)]
    [InlineData("Error: committing container: writing blob: initiating layer upload to /v2/x/blobs/uploads/ in r:5000: denied", "401 or 403", Reasons.RegistryDenied)]
    [InlineData("Error: pushing image: trying to reuse blob sha256:1 at destination: checking whether a blob exists: requested access to the resource is denied", "401 or 403", Reasons.RegistryDenied)]
    [InlineData("Error: initializing destination docker://r:5000/x:1: pinging container registry r:5000: Get \"http://r:5000/v2/\": dial tcp 10.0.0.1:5000: connect: connection refused", "does not answer")]
    [InlineData("Error: pinging container registry r:5000: Get \"https://r:5000/v2/\": http: server gave HTTP response to HTTPS client", "Registry__Insecure")]
    [InlineData("Error: writing blob: uploading layer chunked: received unexpected HTTP status: 500 Internal Server Error", "does not answer")]
    [InlineData("Error: initializing source docker://r:5000/base:1: reading manifest 1 in r:5000/base: manifest unknown: manifest unknown", "runtime's image")]
    [InlineData("fetch: Registry r:5000: read a manifest: it does not answer", "does not answer")]
    [InlineData("Error: writing blob: received unexpected HTTP status: 507 Insufficient Storage", "disk is full", Reasons.RegistryFull)]
    public void What_the_registry_does_to_a_push_is_told_from_a_broken_build(string log, string remedy, string reason = Reasons.RegistryUnavailable) =>
        Fault(APod("Failed", Ended("fetch", 0), Ended("image", 125)), reason, log, remedy);

    [Theory]
    [InlineData("npm ERR! connect ECONNREFUSED 127.0.0.1:4873 connection refused")]
    [InlineData("unauthorized: authentication required")]
    public void The_same_words_from_a_step_that_runs_the_users_code_are_its_own_failure(string log)
    {
        var pod = APod("Failed", Ended("fetch", 0), Ended("image", 1));
        pod.Spec.Containers[0].VolumeMounts = null;
        Assert.Equal(Reasons.BuildFailed, BuildFault.Of(BuildPodReport.Of(pod), log).Reason);
    }

    [Theory]
    [InlineData("npm ERR! network request to http://127.0.0.1:9/npm/greet failed, reason: connect ECONNREFUSED 127.0.0.1:9")]
    [InlineData("WARNING: Retrying: NewConnectionError('<pip._vendor.urllib3...>: Failed to establish a new connection: [Errno 111] Connection refused')")]
    [InlineData("/workspace/source/Shop.csproj : error NU1301: Unable to load the service index for source https://mirror.example/v3/index.json.")]
    public void A_step_without_a_way_out_says_who_has_to_look(string log)
    {
        var pod = APod("Failed", Ended("fetch", 0), Ended("image", 1));
        pod.Spec.Containers[0].VolumeMounts = null;
        var fault = BuildFault.Of(BuildPodReport.Of(pod), log);
        Assert.Equal(Reasons.BuildFailed, fault.Reason);
        Assert.Contains("could not reach a package registry: the operator", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_that_pass_are_tried_again_ever_later_and_not_without_end()
    {
        Assert.Equal([5, 15, 45, 135], Enumerable.Range(1, 4).Select(i => RetryPolicy.Delay(i).TotalSeconds));
        var fault = new BuildFault(Reasons.BuildEvicted, "", null);
        Assert.Equal((BuildStep.Observe, false, TimeSpan.FromSeconds(5)), RetryPolicy.Decide(Tried(1), fault, 3, Now));
        Assert.Equal((BuildStep.Retry, false, null), RetryPolicy.Decide(Tried(1), fault, 3, Now.AddSeconds(5)));
        Assert.Equal((BuildStep.Observe, false, TimeSpan.FromSeconds(10)), RetryPolicy.Decide(Tried(2), fault, 3, Now.AddSeconds(5)));
        Assert.Equal((BuildStep.Observe, false, null), RetryPolicy.Decide(Tried(5), fault, 3, Now.AddHours(1)));
    }

    [Fact]
    public void A_broken_build_runs_again_for_a_newer_generation_only()
    {
        var fault = new BuildFault(Reasons.BuildFailed, "", null);
        Assert.Equal((BuildStep.Observe, true, null), RetryPolicy.Decide(Tried(1), fault, 3, Now.AddHours(1)));
        Assert.Equal((BuildStep.StartOver, false, null), RetryPolicy.Decide(Tried(1), fault, 4, Now));
    }

    [Fact]
    public void A_pod_says_which_step_runs_and_when_each_began_and_ended()
    {
        var pod = APod("Running", Ended("fetch", 0), Running("image"));
        Assert.Equal(new BuildPodReport { Phase = BuildPhase.Active, Running = "image" }, BuildPodReport.Of(pod));
        Assert.Equal(
            [new() { Name = "fetch", StartedAt = Now.AddSeconds(-2), FinishedAt = Now }, new() { Name = "image", StartedAt = Now }],
            BuildPodReport.StepsOf(pod));
        Assert.Empty(BuildPodReport.StepsOf(APod("Pending", Waiting("fetch", "PodInitializing"))));
    }

    [Fact]
    public void What_only_the_operator_can_mend_is_not_tried_in_quick_succession()
    {
        Assert.Equal((BuildStep.Observe, false, null), RetryPolicy.Decide(Tried(1), new BuildFault(Reasons.RegistryDenied, "", null), 3, Now.AddHours(1)));
        Assert.Equal((BuildStep.Observe, false, null), RetryPolicy.Decide(Tried(1), new BuildFault(Reasons.RegistryFull, "", null), 3, Now.AddHours(1)));
    }

    private static void Fault(V1Pod pod, string reason, params string[] words)
    {
        var fault = BuildFault.Of(BuildPodReport.Of(pod), words[0]);
        Assert.Equal(reason, fault.Reason);
        Assert.All(words, w => Assert.Contains(w, fault.Message, StringComparison.Ordinal));
    }

    private static V1Pod Tried(int attempt)
    {
        var pod = APod("Failed", Ended("fetch", 1));
        pod.Metadata.Annotations[BuildPod.AttemptAnnotation] = $"{attempt}";
        return pod;
    }

    private static V1Pod APod(string phase, V1ContainerStatus? fetch = null, V1ContainerStatus? image = null)
    {
        var pod = BuildPod.Render(TestPipelines.Job(), TestPipelines.Options);
        pod.Metadata.CreationTimestamp = Now.UtcDateTime;
        pod.Status = new V1PodStatus { Phase = phase, InitContainerStatuses = fetch is null ? null : [fetch], ContainerStatuses = image is null ? null : [image] };
        return pod;
    }

    private static V1ContainerStatus Ended(string name, int code, string? reason = null, string? message = null) => new()
    {
        Name = name,
        State = new() { Terminated = new() { ExitCode = code, Reason = reason ?? (code == 0 ? "Completed" : "Error"), Message = message, StartedAt = Now.UtcDateTime.AddSeconds(-2), FinishedAt = Now.UtcDateTime } },
    };

    private static V1ContainerStatus Running(string name) => new() { Name = name, State = new() { Running = new() { StartedAt = Now.UtcDateTime } } };

    private static V1ContainerStatus Waiting(string name, string reason, string? message = null) =>
        new() { Name = name, Image = "r/i:1", State = new() { Waiting = new() { Reason = reason, Message = message } } };
}
