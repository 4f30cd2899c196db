using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Hosting.Logs;
using Kublambda.Registry;

namespace Kublambda.Builder.Builds;

/// <summary>Why a build failed, and what can be done about it.</summary>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Message">Cause, remedy and, where there is one, the end of the log.</param>
/// <param name="Log">The end of the log.</param>
public sealed partial record BuildFault(string Reason, string Message, string? Log)
{
    /// <summary>The step that it happened in, where there is one.</summary>
    public string? Step { get; init; }

    /// <summary>Reasons that may pass within a minute, by themselves: worth a few quick tries.</summary>
    public static bool PassesSoon(string reason) =>
        reason is Reasons.BuildEvicted or Reasons.BuildImageUnavailable or Reasons.BuildPodRejected or Reasons.RegistryUnavailable;

    /// <summary>Reasons that go without the user doing anything, some of them when the operator has done something. All others are final at once.</summary>
    public static bool IsTransient(string reason) => PassesSoon(reason) || reason is Reasons.RegistryDenied or Reasons.RegistryFull;

    /// <summary>What a fault of the registry means for a build.</summary>
    public static string ReasonOf(RegistryException fault) => fault.Kind switch
    {
        RegistryErrorKind.Unauthorized or RegistryErrorKind.Forbidden => Reasons.RegistryDenied,
        RegistryErrorKind.Full => Reasons.RegistryFull,
        _ => Reasons.RegistryUnavailable,
    };

    /// <param name="report">What the pod's status says; it has a reason.</param>
    /// <param name="log">The log of the step that failed; null where there is none.</param>
    /// <param name="secrets">What must not be read in it.</param>
    public static BuildFault Of(BuildPodReport report, string? log, IReadOnlyList<string>? secrets = null)
    {
        var tail = log is null ? null : LogTail.Of(log, secrets);
        var (reason, remedy) = report.Reason == Reasons.BuildFailed && report.StepIsOurs && tail is not null && RegistryTrouble(tail) is { } trouble
            ? trouble
            : (report.Reason ?? Reasons.BuildFailed, Remedy(report.Reason, tail));
        // A step's own last words are in the cause.
        var message = LogSecrets.Hide($"{report.Cause} {remedy}", secrets);
        if (!string.IsNullOrEmpty(tail))
            message += $"\nThe last lines of its log:\n{tail}";
        return new BuildFault(reason, LogTail.Cut(message, Limits.MessageLength), string.IsNullOrEmpty(tail) ? null : tail) { Step = report.Step };
    }

    private static string Remedy(string? reason, string? tail) => reason switch
    {
        Reasons.BuildFailed when tail is not null && NoWayOut().IsMatch(tail) =>
            "The build could not reach a package registry: the operator has to look at the build namespace's way out, and at the proxies and mirrors of the Secret that Build__EnvironmentSecret names. Then build it again (annotation kublambda.dev/rebuild).",
        Reasons.BuildTimeout => "Raise spec.build.timeoutSeconds, or make the source smaller.",
        Reasons.BuildOutOfMemory => "Raise spec.build.resources.limits.memory.",
        Reasons.BuildEvicted => "The operator should look at the node's memory and disk, and at the sizes of the pipeline's volumes.",
        Reasons.BuildImageUnavailable => "The operator has to make this image available to the nodes (settings Build__...Image).",
        Reasons.BuilderIncompatible => "The log says which versions.",
        Reasons.BuildPodRejected => "The operator has to look at quotas, admission rules and free nodes for the build namespace.",
        _ => "Look at the log, change the source, and apply it again.",
    };

    // The words of npm (Node's errors), pip (urllib3's and the resolver's) and NuGet for a network that is not there.
    [GeneratedRegex(@"\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|NU1301)\b|NewConnectionError|NameResolutionError|Failed to establish a new connection|Temporary failure in name resolution|Name or service not known")]
    private static partial Regex NoWayOut();

    // The words of containers/image, of go-containerregistry and of our own registry client for what the registry does to a push or pull.
    private static (string Reason, string Remedy)? RegistryTrouble(string log) => log switch
    {
        _ when Unauthorized().IsMatch(log) => (Reasons.RegistryDenied, "The registry refuses the build's credentials, or what they may do (401 or 403): the operator has to look at the Secret kublambda-registry in the build namespace."),
        _ when Full().IsMatch(log) => (Reasons.RegistryFull, "The registry cannot store the image, its disk is full or its quota used up: the operator has to make room."),
        _ when Missing().IsMatch(log) => (Reasons.RegistryUnavailable, "The registry does not have what the build needs from it: the operator has to look whether the runtime's image is there (settings Runtimes__...)."),
        _ when Unreachable().IsMatch(log) => (Reasons.RegistryUnavailable, "The registry does not answer as it should: the operator has to look at it and its disk, and at the settings Registry__PushHost and Registry__Insecure."),
        _ => null,
    };

    [GeneratedRegex(@"(?im)unauthorized|authentication required|access denied|\bdenied:|: denied\s*$|requested access to the resource is denied|\b(status|code|HTTP)[^\n]{0,20}\b40[13]\b|40[13] (Unauthorized|Forbidden)")]
    private static partial Regex Unauthorized();

    [GeneratedRegex(@"(?i)insufficient.storage|\b507\b|quota.exceeded|exceed[^\n]{0,40}quota|(registry|upload|blob)[^\n]*no space left on device")]
    private static partial Regex Full();

    [GeneratedRegex(@"(?i)manifest unknown|name unknown|blob unknown|\bnot found in the registry\b|404 \(?Not Found")]
    private static partial Regex Missing();

    [GeneratedRegex(@"(?i)connection refused|connection reset|no such host|i/o timeout|no route to host|TLS handshake|x509:|server gave HTTP response to HTTPS client|\b(500 Internal Server Error|50[234] |received unexpected HTTP status: 5)|too many requests|pinging container registry|does not answer|unexpected EOF")]
    private static partial Regex Unreachable();
}
