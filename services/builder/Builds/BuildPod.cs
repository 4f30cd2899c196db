using System.Globalization;
using k8s;
using k8s.Models;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Builds;

/// <summary>Renders build pods, and reads back what they say about themselves. Pure.</summary>
public static class BuildPod
{
    /// <summary>Annotation: which try of this revision the pod is.</summary>
    public const string AttemptAnnotation = "kublambda.dev/attempt";

    /// <summary>Annotation: the name of the pipeline.</summary>
    public const string PipelineAnnotation = "kublambda.dev/pipeline";

    /// <summary>Annotation: of a git source, the commit.</summary>
    public const string CommitAnnotation = "kublambda.dev/commit";

    /// <summary>Annotation: when the builder last waited for the pod to end.</summary>
    public const string EndingAnnotation = "kublambda.dev/ending";

    /// <summary>Environment variable of steps with <c>buildEnv</c>: the names of <c>spec.build.env</c>, with commas between them.</summary>
    public const string BuildEnvNames = "KUBLAMBDA_BUILD_ENV";

    /// <summary>Selects all build pods in the build namespace.</summary>
    public const string Selector = $"{Labels.ManagedSelector},{Labels.Revision}";

    public static V1Pod Render(BuildJob job, BuildOptions options)
    {
        var values = Values(job, options);
        var wanted = job.Pipeline.Steps.Where(s => s.When == StepCondition.Always || job.Dependencies is not null).ToList();
        var steps = wanted.Select(s => Container(s, job, options, values)).ToList();
        var last = steps[^1];
        last.TerminationMessagePath = "/dev/termination-log";
        return new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = job.PodName,
                NamespaceProperty = options.Namespace,
                Labels = new Dictionary<string, string>(Labels.For(job.Lambda), StringComparer.Ordinal)
                {
                    [Labels.LambdaNamespace] = job.Lambda.Namespace,
                    [Labels.Revision] = job.Revision,
                },
                Annotations = Annotations(job),
            },
            Spec = new V1PodSpec
            {
                RestartPolicy = "Never",
                ActiveDeadlineSeconds = job.Settings?.TimeoutSeconds ?? Defaults.BuildTimeoutSeconds,
                // A build that is called off has nothing to save; 0 would leave it pushing after its object is gone.
                TerminationGracePeriodSeconds = 1,
                AutomountServiceAccountToken = false,
                EnableServiceLinks = false,
                SecurityContext = new V1PodSecurityContext { SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" } },
                InitContainers = steps[..^1],
                Containers = [last],
                Volumes = [.. job.Pipeline.Volumes, .. Credentials(job.Pipeline, options), .. BuildSurroundings.Volumes(wanted, options)],
            },
        };
    }

    /// <summary>The Lambda that a build pod is for; null where its labels were tampered with.</summary>
    public static LambdaRef? LambdaOf(V1Pod pod) =>
        pod.GetLabel(Labels.LambdaNamespace) is { Length: > 0 } space && pod.GetLabel(Labels.Lambda) is { Length: > 0 } name && pod.GetLabel(Labels.LambdaUid) is { Length: > 0 } uid
            ? new LambdaRef(space, name, uid)
            : null;

    public static long GenerationOf(V1Pod pod) => Number(pod, Labels.Generation, 0);

    public static int AttemptOf(V1Pod pod) => (int)Number(pod, AttemptAnnotation, 1);

    /// <summary>True until the pod has ended.</summary>
    public static bool IsActive(V1Pod pod) => pod.Status?.Phase is not ("Succeeded" or "Failed");

    /// <summary>
    /// True while the pod takes up one of the places for builds. One that no node has room for does not: who asks for more than
    /// there is would keep all others waiting, without end.
    /// </summary>
    public static bool TakesPlace(V1Pod pod) => IsActive(pod) && !IsUnschedulable(pod);

    internal static bool IsUnschedulable(V1Pod pod) =>
        pod.Status?.Conditions?.Any(c => c is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" }) == true;

    public static string FullName(V1Pod pod) => $"{pod.Namespace()}/{pod.Name()}";

    private static long Number(V1Pod pod, string annotation, long otherwise) =>
        long.TryParse(pod.GetAnnotation(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private static Dictionary<string, string> Annotations(BuildJob job)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Labels.Generation] = job.Generation.ToString(CultureInfo.InvariantCulture),
            [AttemptAnnotation] = job.Attempt.ToString(CultureInfo.InvariantCulture),
            [PipelineAnnotation] = job.Pipeline.Name,
        };
        if (job.Commit is { } commit)
            annotations[CommitAnnotation] = commit;
        if (StepFailures.Write(job.Pipeline) is { } failures)
            annotations[StepFailures.Annotation] = failures;
        return annotations;
    }

    private static Dictionary<string, string> Values(BuildJob job, BuildOptions options)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["build.bundle"] = job.Bundle,
            ["build.base"] = job.Base,
            ["build.base-tls-verify"] = job.BaseInsecure ? "false" : "true",
            ["build.image"] = job.Image,
            ["build.image-tls-verify"] = job.ImageInsecure ? "false" : "true",
            ["build.cluster"] = job.Cluster,
            ["build.lambda"] = job.Lambda.ToString(),
            ["build.lambda-uid"] = job.Lambda.Uid,
            ["build.revision"] = job.Revision,
            ["build.base-insecure"] = job.BaseInsecure ? "true" : "false",
            ["build.image-insecure"] = job.ImageInsecure ? "true" : "false",
            ["build.insecure-registries"] = job.ImageInsecure ? job.Image[..job.Image.IndexOf('/', StringComparison.Ordinal)] : "",
            ["build.cache"] = job.Cache,
            ["build.runtime"] = job.Runtime,
            ["build.handler"] = job.Handler,
            ["build.signature"] = job.Signature,
            ["build.toolchain"] = job.Toolchain,
            ["build.dependencies"] = job.Dependencies ?? "",
            ["build.platform-api"] = job.Builder?.PlatformApi ?? "",
        };
        foreach (var (name, image) in options.Images)
            values[$"{Variables.Images}.{name}"] = image;
        return values;
    }

    private static V1Container Container(PipelineStep step, BuildJob job, BuildOptions options, IReadOnlyDictionary<string, string> values)
    {
        var from = step.Container;
        var env = (from.Env ?? []).Select(e => new V1EnvVar { Name = e.Name, Value = Variables.Expand(e.Value ?? "", values) }).ToList();
        env.AddRange(BuildSurroundings.Env(step, options));
        if (step.BuildEnv)
        {
            // Programs that pass them on have to know which ones these are.
            if (job.Settings?.Env is { Count: > 0 } own)
                env.Add(new V1EnvVar { Name = BuildEnvNames, Value = string.Join(',', own.Select(e => e.Name)) });
            env.AddRange((job.Settings?.Env ?? []).Select(e => new V1EnvVar { Name = e.Name, Value = Literal(e.Value ?? "") }));
        }

        var mounts = (from.VolumeMounts ?? []).ToList();
        if (step.RegistryCredentials is { } directory)
            mounts.Add(new V1VolumeMount { Name = PipelineFile.CredentialsVolume, MountPath = directory, ReadOnlyProperty = true });
        mounts.AddRange(BuildSurroundings.Mounts(step, options));
        return new V1Container
        {
            Name = from.Name,
            Image = Variables.Expand(from.Image, values),
            // Also for images without a tag: a build does not wait for a registry to say that nothing changed.
            ImagePullPolicy = "IfNotPresent",
            Command = from.Command,
            Args = from.Args?.Select(a => Variables.Expand(a, values)).ToList(),
            Env = env.Count > 0 ? env : null,
            EnvFrom = BuildSurroundings.EnvFrom(step, options),
            // Steps run one after the other: the pod takes what its largest step asks for.
            Resources = Merge(from.Resources, job.Settings?.Resources),
            SecurityContext = step.AsBuilder ? AsBuilder(from.SecurityContext, job.Builder!) : from.SecurityContext,
            VolumeMounts = mounts.Count > 0 ? mounts : null,
        };
    }

    private static V1SecurityContext AsBuilder(V1SecurityContext context, BuilderImage builder)
    {
        // The pipeline's own object serves other builds too.
        var copy = KubernetesJson.Deserialize<V1SecurityContext>(KubernetesJson.Serialize(context));
        copy.RunAsUser = builder.UserId;
        copy.RunAsGroup = builder.GroupId;
        return copy;
    }

    // Kubernetes expands $(NAME) in values; $$(NAME) is how it is told not to.
    private static string Literal(string value) => value.Replace("$(", "$$(", StringComparison.Ordinal);

    private static V1ResourceRequirements Merge(V1ResourceRequirements standard, ComputeResources? wanted)
    {
        var requests = Merge(standard.Requests, wanted?.Requests);
        var limits = Merge(standard.Limits, wanted?.Limits);
        // Kubernetes refuses a request above its limit: what the Lambda says of one takes the standard other along.
        foreach (var (name, limit) in limits.ToList())
        {
            if (!requests.TryGetValue(name, out var request) || request.ToDecimal() <= limit.ToDecimal())
                continue;
            if (wanted?.Limits?.ContainsKey(name) != true)
                limits[name] = request;
            else if (wanted.Requests?.ContainsKey(name) != true)
                requests[name] = limit;
        }

        return new V1ResourceRequirements { Requests = requests.Count > 0 ? requests : null, Limits = limits };
    }

    private static Dictionary<string, ResourceQuantity> Merge(IDictionary<string, ResourceQuantity>? standard, IReadOnlyDictionary<string, string>? wanted)
    {
        var merged = new Dictionary<string, ResourceQuantity>(standard ?? new Dictionary<string, ResourceQuantity>(), StringComparer.Ordinal);
        foreach (var (name, quantity) in wanted ?? new Dictionary<string, string>())
            merged[name] = new ResourceQuantity(quantity);
        return merged;
    }

    private static IEnumerable<V1Volume> Credentials(Pipeline pipeline, BuildOptions options)
    {
        if (pipeline.Steps.All(s => s.RegistryCredentials is null))
            yield break;
        yield return new V1Volume
        {
            Name = PipelineFile.CredentialsVolume,
            Secret = new V1SecretVolumeSource
            {
                SecretName = options.RegistrySecret,
                Optional = true,
                DefaultMode = 0b100_100_100,
                Items = [new V1KeyToPath { Key = ".dockerconfigjson", Path = "config.json" }],
            },
        };
    }
}
