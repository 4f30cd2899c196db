using System.Globalization;
using System.Text;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Hosting.Logs;

namespace Kublambda.Builder.Logs;

/// <summary>The log of one build as people read it: what was built and how it ended, then what each step said. Pure.</summary>
public static class BuildLogText
{
    /// <param name="pod">The build pod.</param>
    /// <param name="logs">By name of the step; null where the node has none (any more).</param>
    /// <param name="calledOff">When it was called off, where it was.</param>
    public static string Of(V1Pod pod, IReadOnlyDictionary<string, string?> logs, DateTimeOffset? calledOff = null)
    {
        var report = BuildPodReport.Of(pod);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Build of {BuildPod.LambdaOf(pod)}, revision {pod.GetLabel(Labels.Revision)}, pipeline {pod.GetAnnotation(BuildPod.PipelineAnnotation)}, try {BuildPod.AttemptOf(pod)}, pod {BuildPod.FullName(pod)}\n");
        text.Append(CultureInfo.InvariantCulture, $"Begun {Time(BuildPodReport.StartedAt(pod))}, {(calledOff is { } at && BuildPod.IsActive(pod) ? $"called off {Time(at)}: a newer source is built" : Outcome(pod, report))}\n");
        if (report.Cause is { } cause)
            text.Append(cause).Append('\n');
        foreach (var status in BuildPodReport.StatusesOf(pod).Where(s => s.State?.Running is not null || s.State?.Terminated is not null))
        {
            text.Append(CultureInfo.InvariantCulture, $"--- {status.Name}: {Span(status.State)}\n");
            var log = logs.GetValueOrDefault(status.Name);
            text.Append(log is null ? "(its log is not there any more)\n" : log.Length == 0 ? "(it said nothing)\n" : LogTail.Clean(log).TrimEnd('\n') + "\n");
        }

        // All of it: a step's own words end up in the cause too.
        return LogSecrets.Hide(text.ToString(), BuildSecrets.Of(pod));
    }

    /// <summary>Of a build that needed no pod, and ended well.</summary>
    public static string Of(BuildJob job, int files, string digest, DateTimeOffset began, DateTimeOffset ended) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        Build of {job.Lambda}, revision {job.Revision}, pipeline {job.Pipeline.Name}, without a pod
        Begun {Time(began)}, ended well {Time(ended)} after {(ended - began).TotalMilliseconds:0} ms
        The {files} files of the source are one layer on {job.Base}
        pushed {job.Image}@{digest}

        """);

    private static string Outcome(V1Pod pod, BuildPodReport report) => report.Phase switch
    {
        BuildPhase.Succeeded => $"ended well {Time(BuildPodReport.FinishedAt(pod))}",
        BuildPhase.Failed => $"failed {Time(BuildPodReport.FinishedAt(pod))}: {report.Reason}",
        _ when report.Reason is { } reason => $"held up: {reason}",
        _ => "not ended yet",
    };

    private static string Span(V1ContainerState state) => state.Terminated is { } end
        ? string.Create(CultureInfo.InvariantCulture, $"{Time(end.StartedAt)} to {Time(end.FinishedAt)}, exit code {end.ExitCode}{(end.Reason is "Completed" or "Error" or null ? "" : $" ({end.Reason})")}")
        : $"since {Time(state.Running.StartedAt)}";

    private static string Time(DateTimeOffset? time) => time is { } t ? t.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : "at an unknown time";

    private static string Time(DateTime? time) => Time(time is { } t ? new DateTimeOffset(DateTime.SpecifyKind(t, DateTimeKind.Utc)) : (DateTimeOffset?)null);
}
