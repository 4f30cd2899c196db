using System.Globalization;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Observing;

/// <summary>Why a function's process ended: the exit codes of the invoker, and what the kernel or a probe did.</summary>
internal static class CrashedProcess
{
    private const string RemedyMark = "\nRemedy: ";

    public static PodFailure Of(V1Pod pod, V1ContainerStatus container, V1ContainerStateTerminated ended)
    {
        var log = container.State?.Terminated is null ? LogOf.Previous : LogOf.Current;
        if (ended.Reason == "OOMKilled")
        {
            var limit = pod.Spec.Containers[0].Resources?.Limits?.TryGetValue("memory", out var memory) == true ? $"{memory}" : "none";
            return new(pod, Reasons.OutOfMemory,
                $"The function used more memory than it may (limit {limit}) and was killed{Restarts(container)}.",
                "raise spec.resources.limits.memory, or lower spec.scaling.concurrency so that fewer requests share it.", log);
        }

        if (ended.Reason is "StartError" or "ContainerCannotRun")
        {
            return new(pod, Reasons.CrashLoop, $"The container of pod {pod.Metadata.Name} cannot be started: {ended.Message}",
                "see that the image has the entry point of its runtime.");
        }

        return ended.ExitCode switch
        {
            64 => Told(Reasons.HandlerNotFound, "The handler that spec.handler names is not in the code.",
                "name an exported function as module.function, for example index.handler."),
            65 => Told(Reasons.LoadFailed, "The code could not be loaded.", "correct the error that the log shows."),
            66 => Told(Reasons.LoadFailed, "Loading the code took too long.", "move slow work from the top of the module into the handler."),
            70 => Told(Reasons.Unresponsive, "The code blocked the event loop for longer than the request timeout, and was ended.",
                "split long computations, or raise spec.timeoutSeconds."),
            71 => Told(Reasons.OutOfMemory, "The function's memory is full.", "raise spec.resources.limits.memory, or keep less."),
            0 => Crash("The function's process ended by itself with exit code 0", "do not let the process end: the runtime keeps it for the next requests."),
            134 => Crash("The function's process was aborted (signal 6)",
                "Node.js ends so when its heap is full, and the log says so: raise spec.resources.limits.memory, or keep less. Otherwise look for a fault in native code."),
            137 => Crash("The function's process was killed (signal 9)",
                "it did not answer its liveness probe for a long time, or the node had no memory left: see that the code never blocks."),
            var code => Crash(string.Create(CultureInfo.InvariantCulture, $"The function's process ended with exit code {code}"),
                "correct the error that the log shows; an error inside a request should fail that request only."),
        };

        // The invoker writes cause, remedy and stack into the termination log. Without them it holds the log's last lines.
        PodFailure Told(string reason, string cause, string remedy) => Words() is { } words
            ? new(pod, reason, words, null)
            : new(pod, reason, cause, remedy, log);

        PodFailure Crash(string cause, string remedy) => Words() is { } words
            ? new(pod, Reasons.CrashLoop, $"{cause}{Restarts(container)}. {words}", null, log)
            : new(pod, Reasons.CrashLoop, $"{cause}{Restarts(container)}.", remedy, log);

        string? Words() => ended.Message?.Trim() is { Length: > 0 } text && text.Contains(RemedyMark, StringComparison.Ordinal) ? text : null;
    }

    private static string Restarts(V1ContainerStatus container) => container.RestartCount switch
    {
        0 => "",
        1 => ", and was started again once",
        var n => $", and was started again {n} times",
    };
}
