using System.Globalization;
using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Rendering;

/// <summary>The container that runs the function: the contract with the invoker of every runtime.</summary>
internal static class FunctionContainer
{
    public const string Name = "function";
    public const int Port = 8080;
    public const int AdminPort = 8081;

    /// <summary>Environment variables of the contract; a user's variable of the same name is left out.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "PORT", "ADMIN_PORT", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE", "FUNCTION_TIMEOUT_SECONDS", "FUNCTION_CONCURRENCY",
        "KUBLAMBDA_NAME", "KUBLAMBDA_NAMESPACE", "KUBLAMBDA_REVISION",
    };

    public static V1Container Render(Workload workload) => new()
    {
        Name = Name,
        Image = workload.Image,
        // A digest never changes what it names.
        ImagePullPolicy = "IfNotPresent",
        Ports = IsApplication(workload)
            ? [new V1ContainerPort { Name = "http", ContainerPort = Port, Protocol = "TCP" }]
            :
            [
                new V1ContainerPort { Name = "http", ContainerPort = Port, Protocol = "TCP" },
                new V1ContainerPort { Name = "admin", ContainerPort = AdminPort, Protocol = "TCP" },
            ],
        Env = [.. UserEnv(workload.Spec), .. ContractEnv(workload)],
        Resources = FunctionResources.Of(workload.Spec.Resources),
        ReadinessProbe = HasInvoker(workload.Spec) ? Readiness() : Listening(),
        LivenessProbe = HasInvoker(workload.Spec) ? Liveness(workload.TimeoutSeconds) : null,
        TerminationMessagePath = "/dev/termination-log",
        TerminationMessagePolicy = "FallbackToLogsOnError",
        SecurityContext = RestrictedSecurity.Container(),
        VolumeMounts = [new V1VolumeMount { Name = "tmp", MountPath = "/tmp" }],
    };

    /// <summary>Somebody else's image knows nothing of health and metrics on the admin port.</summary>
    private static bool HasInvoker(LambdaSpec spec) => spec.Runtime is not (Runtimes.Image or Runtimes.Buildpack);

    /// <summary>Any HTTP application that listens on <c>$PORT</c>: nothing else of the contract is for it.</summary>
    private static bool IsApplication(Workload workload) => workload.Spec.Runtime == Runtimes.Buildpack;

    private static IEnumerable<V1EnvVar> UserEnv(LambdaSpec spec) =>
        (spec.Env ?? []).Where(e => !Reserved.Contains(e.Name)).Select(e => new V1EnvVar
        {
            Name = e.Name,
            Value = e.ValueFrom is null ? e.Value ?? "" : null,
            ValueFrom = e.ValueFrom is null ? null : new V1EnvVarSource
            {
                SecretKeyRef = e.ValueFrom.SecretKeyRef is { } secret
                    ? new V1SecretKeySelector { Name = secret.Name, Key = secret.Key } : null,
                ConfigMapKeyRef = e.ValueFrom.ConfigMapKeyRef is { } map
                    ? new V1ConfigMapKeySelector { Name = map.Name, Key = map.Key } : null,
            },
        });

    private static IEnumerable<V1EnvVar> ContractEnv(Workload workload)
    {
        var spec = workload.Spec;
        if (IsApplication(workload))
        {
            return
            [
                Of("PORT", Number(Port)),
                Of("KUBLAMBDA_NAME", workload.Lambda.Name),
                Of("KUBLAMBDA_NAMESPACE", workload.Lambda.Namespace),
                Of("KUBLAMBDA_REVISION", workload.Revision),
            ];
        }

        return
        [
            Of("PORT", Number(Port)),
            Of("ADMIN_PORT", Number(AdminPort)),
            .. (spec.Handler ?? Defaults.HandlerOf(spec.Runtime)) is { } target ? new[] { Of("FUNCTION_TARGET", target) } : [],
            Of("FUNCTION_SIGNATURE_TYPE", spec.Signature ?? Signatures.Http),
            Of("FUNCTION_TIMEOUT_SECONDS", Number(workload.TimeoutSeconds)),
            Of("FUNCTION_CONCURRENCY", Number(spec.Scaling?.Concurrency ?? Defaults.Concurrency)),
            Of("KUBLAMBDA_NAME", workload.Lambda.Name),
            Of("KUBLAMBDA_NAMESPACE", workload.Lambda.Namespace),
            Of("KUBLAMBDA_REVISION", workload.Revision),
        ];

        static V1EnvVar Of(string name, string value) => new() { Name = name, Value = value };
        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Every second, because the first success is what a new function waits for. There is no startup probe: before
    /// Kubernetes 1.22 readiness is first looked at a whole period after startup succeeded, and loading has a time limit
    /// of its own in the invoker (exit code 66).
    /// </summary>
    private static V1Probe Readiness() => new()
    {
        HttpGet = new V1HTTPGetAction { Path = "/healthz/ready", Port = AdminPort, Scheme = "HTTP" },
        PeriodSeconds = 1,
        TimeoutSeconds = 5,
        SuccessThreshold = 1,
        // A busy replica that answers late is better than one that refuses connections; a dead one is not ready at once anyway.
        FailureThreshold = 5,
    };

    /// <summary>Of an image that is not ours: it listens. Whether it is alive is its own business, so there is no other probe.</summary>
    private static V1Probe Listening() => new()
    {
        TcpSocket = new V1TCPSocketAction { Port = Port },
        PeriodSeconds = 1,
        TimeoutSeconds = 5,
        SuccessThreshold = 1,
        FailureThreshold = 5,
    };

    /// <summary>
    /// A backstop only. The invoker ends itself, with a reason, when loading takes too long (66) or the event loop is
    /// blocked for longer than the request timeout (70); this probe waits longer than both.
    /// </summary>
    private static V1Probe Liveness(int timeoutSeconds) => new()
    {
        HttpGet = new V1HTTPGetAction { Path = "/healthz/live", Port = AdminPort, Scheme = "HTTP" },
        PeriodSeconds = 10,
        TimeoutSeconds = 5,
        SuccessThreshold = 1,
        FailureThreshold = Math.Max(9, (timeoutSeconds / 10) + 3),
    };
}
