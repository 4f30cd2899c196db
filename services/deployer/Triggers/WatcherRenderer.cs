using System.Globalization;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Deployer.Rendering;
using Kublambda.Hosting;

namespace Kublambda.Deployer.Triggers;

/// <summary>The Deployment that watches for one Lambda, with what it runs under.</summary>
internal static class WatcherRenderer
{
    public const string Container = "watcher";

    /// <summary>On the pods: which password of the broker they were started with. They are replaced when it changes.</summary>
    public const string Credentials = "kublambda.dev/credentials";

    /// <summary>On the pods: when the installation last took a right from them. They are replaced then: watches that are open would go on.</summary>
    public const string RightsTaken = "kublambda.dev/rights-taken";
    private const int User = 1654;
    private const int Port = 8080;

    public static V1ServiceAccount Account(LambdaRef lambda) => new()
    {
        ApiVersion = "v1",
        Kind = "ServiceAccount",
        Metadata = WatcherMetadata.For(lambda, lambda.Namespace),
        AutomountServiceAccountToken = false,
    };

    /// <summary>Where the watcher says how its triggers do. Its content is the watcher's.</summary>
    public static V1ConfigMap Report(LambdaRef lambda) => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = WatcherMetadata.For(lambda, lambda.Namespace),
    };

    public static V1Secret Secret(LambdaRef lambda, string password) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Type = "Opaque",
        Metadata = WatcherMetadata.For(lambda, lambda.Namespace),
        StringData = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["RabbitMq__Username"] = Names.TriggerPrefix(lambda.Uid),
            ["RabbitMq__Password"] = password,
        },
    };

    /// <param name="lambda">For whom.</param>
    /// <param name="options">Image and memory.</param>
    /// <param name="broker">Where the broker is.</param>
    /// <param name="passedOn">Settings of the installation for watchers: <c>Watcher__*</c>.</param>
    /// <param name="credentials">See <see cref="Credentials"/>.</param>
    /// <param name="rightsTaken">See <see cref="RightsTaken"/>; null: never.</param>
    public static V1Deployment Deployment(
        LambdaRef lambda, TriggerOptions options, RabbitMqOptions broker, IEnumerable<KeyValuePair<string, string>> passedOn, string credentials, string? rightsTaken = null)
    {
        var selector = new Dictionary<string, string>(StringComparer.Ordinal) { [Labels.WatcherOf] = lambda.Uid };
        return new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = WatcherMetadata.For(lambda, lambda.Namespace),
            Spec = new V1DeploymentSpec
            {
                Replicas = 1,
                RevisionHistoryLimit = 1,
                // A second one would only wait for the first one's lock.
                Strategy = new V1DeploymentStrategy { Type = "Recreate" },
                Selector = new V1LabelSelector { MatchLabels = selector },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta
                    {
                        // Not the labels of the Lambda: by its uid the function's Service and Deployment select, by its name people read logs.
                        Labels = new Dictionary<string, string>(selector, StringComparer.Ordinal)
                        {
                            [Labels.ManagedBy] = Labels.ManagedByValue,
                            [WatcherMetadata.Component] = WatcherMetadata.ComponentValue,
                            [WatcherMetadata.Instance] = lambda.Name,
                        },
                        Annotations = new Dictionary<string, string>(rightsTaken is null ? [] : [new(RightsTaken, rightsTaken)], StringComparer.Ordinal)
                        {
                            [Credentials] = credentials,
                            ["prometheus.io/scrape"] = "true",
                            ["prometheus.io/port"] = Port.ToString(CultureInfo.InvariantCulture),
                            ["prometheus.io/path"] = "/metrics",
                        },
                    },
                    Spec = Pod(lambda, options, broker, passedOn),
                },
            },
        };
    }

    private static V1PodSpec Pod(
        LambdaRef lambda, TriggerOptions options, RabbitMqOptions broker, IEnumerable<KeyValuePair<string, string>> passedOn) => new()
        {
            ServiceAccountName = Names.Watcher(lambda),
            AutomountServiceAccountToken = true,
            EnableServiceLinks = false,
            TerminationGracePeriodSeconds = 30,
            SecurityContext = RestrictedSecurity.Pod(User),
            Containers =
            [
                new V1Container
                {
                    Name = Container,
                    Image = options.WatcherImage,
                    ImagePullPolicy = "IfNotPresent",
                    Env = [.. Environment(lambda, broker, passedOn)],
                    EnvFrom = [new V1EnvFromSource { SecretRef = new V1SecretEnvSource { Name = Names.Watcher(lambda) } }],
                    Ports = [new V1ContainerPort { Name = "http", ContainerPort = Port, Protocol = "TCP" }],
                    StartupProbe = Probe("/healthz/live", period: 1, failures: 60),
                    ReadinessProbe = Probe("/healthz/ready", period: 2, failures: 3),
                    LivenessProbe = Probe("/healthz/live", period: 10, failures: 6),
                    Resources = new V1ResourceRequirements
                    {
                        Requests = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["cpu"] = new("20m"), ["memory"] = new("96Mi") },
                        Limits = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["cpu"] = new("1"), ["memory"] = new(options.WatcherMemory) },
                    },
                    TerminationMessagePath = "/dev/termination-log",
                    TerminationMessagePolicy = "FallbackToLogsOnError",
                    SecurityContext = RestrictedSecurity.Container(),
                    VolumeMounts = [new V1VolumeMount { Name = "tmp", MountPath = "/tmp" }],
                },
            ],
            Volumes = [new V1Volume { Name = "tmp", EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = new("1Gi") } }],
        };

    private static IEnumerable<V1EnvVar> Environment(LambdaRef lambda, RabbitMqOptions broker, IEnumerable<KeyValuePair<string, string>> passedOn)
    {
        return
        [
            .. passedOn.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => Of(setting.Key, setting.Value)),
            Of("Watcher__Namespace", lambda.Namespace),
            Of("Watcher__Name", lambda.Name),
            Of("Watcher__Uid", lambda.Uid),
            Of("RabbitMq__Host", broker.Host),
            Of("RabbitMq__Port", broker.Port.ToString(CultureInfo.InvariantCulture)),
            Of("RabbitMq__VirtualHost", broker.VirtualHost),
            Of("DOTNET_EnableDiagnostics", "0"),
            Of("DOTNET_gcServer", "0"),
            Field("POD_NAME", "metadata.name"),
            Field("POD_NAMESPACE", "metadata.namespace"),
        ];

        static V1EnvVar Of(string name, string value) => new() { Name = name, Value = value };
        static V1EnvVar Field(string name, string path) => new()
        {
            Name = name,
            ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { ApiVersion = "v1", FieldPath = path } },
        };
    }

    private static V1Probe Probe(string path, int period, int failures) => new()
    {
        HttpGet = new V1HTTPGetAction { Path = path, Port = Port, Scheme = "HTTP" },
        PeriodSeconds = period,
        TimeoutSeconds = 5,
        SuccessThreshold = 1,
        FailureThreshold = failures,
    };
}
