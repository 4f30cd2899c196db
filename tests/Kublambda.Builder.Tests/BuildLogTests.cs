using System.Text;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Logs;

namespace Kublambda.Builder.Tests;

public sealed class BuildLogTests
{
    private static readonly DateTime Begin = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    [Fact]
    public void A_log_says_what_was_built_how_it_ended_and_what_each_step_said()
    {
        var text = BuildLogText.Of(APod(), new Dictionary<string, string?> { ["fetch"] = "", ["image"] = "\u001b[31mcopying\u001b[0m\r\nno such file\n" });
        Assert.Equal(
            """
            Build of shop/resize, revision 0123456789ab, pipeline buildah, try 1, pod kublambda-builds/resize-1a2b3c4d-0123456789ab
            Begun 2026-01-02T03:04:05Z, failed 2026-01-02T03:04:09Z: BuildFailed
            The build step "image" failed (exit code 3).
            --- fetch: 2026-01-02T03:04:06Z to 2026-01-02T03:04:07Z, exit code 0
            (it said nothing)
            --- image: 2026-01-02T03:04:08Z to 2026-01-02T03:04:09Z, exit code 3
            copying
            no such file

            """,
            text);
    }

    [Fact]
    public void A_log_carries_no_secret_of_the_build()
    {
        var pod = APod();
        (pod.Spec.Containers[0].Env ??= []).Add(new V1EnvVar { Name = "NPM_TOKEN", Value = "correct-horse$$(x)" });
        pod.Status.ContainerStatuses[0].State.Terminated.Message = "failed with correct-horse$(x)";
        var text = BuildLogText.Of(pod, new Dictionary<string, string?> { ["image"] = "got correct-horse$(x) and https://me:hunter2@git.example.com/x" });
        Assert.DoesNotContain("correct-horse", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("correct-horse", BuildFault.Of(BuildPodReport.Of(pod), "correct-horse$(x)", BuildSecrets.Of(pod)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(249, 1000)]
    [InlineData(250, 1000)]
    [InlineData(1000, 1000)]
    public async Task A_log_within_its_bound_is_whole(int length, int bound)
    {
        var log = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26))));
        Assert.Equal(log, await ReadAsync(log, bound));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(4096)]
    public async Task Of_a_longer_one_the_first_and_the_last_lines_are_kept_and_the_gap_is_named(int chunk)
    {
        var log = string.Concat(Enumerable.Range(0, 1000).Select(i => $"line {i} ä\n"));
        var kept = await ReadAsync(log, 1000, chunk);
        Assert.InRange(Encoding.UTF8.GetByteCount(kept), 900, 1100);
        Assert.StartsWith("line 0 ä\nline 1 ä\n", kept, StringComparison.Ordinal);
        Assert.EndsWith("\nline 998 ä\nline 999 ä\n", kept, StringComparison.Ordinal);
        Assert.Contains(" bytes are left out here ...\nline ", kept, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', kept);
    }

    private static async Task<string> ReadAsync(string log, int bound, int chunk = 64)
    {
        using var stream = new SlowStream(Encoding.UTF8.GetBytes(log), chunk);
        return await BoundedLog.ReadAsync(stream, bound, TestContext.Current.CancellationToken);
    }

    private static V1Pod APod()
    {
        var pod = BuildPod.Render(TestPipelines.Job(), TestPipelines.Options);
        pod.Metadata.CreationTimestamp = Begin;
        pod.Status = new V1PodStatus { Phase = "Failed", InitContainerStatuses = [Ended("fetch", 1, 0)], ContainerStatuses = [Ended("image", 3, 3)] };
        return pod;
    }

    private static V1ContainerStatus Ended(string name, int second, int code) => new()
    {
        Name = name,
        State = new() { Terminated = new() { ExitCode = code, Reason = code == 0 ? "Completed" : "Error", StartedAt = Begin.AddSeconds(second), FinishedAt = Begin.AddSeconds(second + 1) } },
    };

    /// <summary>Gives a few bytes at a time, as a network does.</summary>
    private sealed class SlowStream(byte[] content, int chunk) : MemoryStream(content, writable: false)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, chunk)], cancellationToken);
    }
}
