using System.Globalization;
using k8s.Models;

namespace Kublambda.Builder.Pipelines;

/// <summary>Reads one step, and holds it to what build pods may do.</summary>
internal static class PipelineStepNode
{
    public static PipelineStep Read(PipelineNode node, string[] allowed, IReadOnlyDictionary<string, string> values, IReadOnlyList<V1Volume> volumes)
    {
        var fields = node.Fields(allowed);
        var name = node.Require(fields, "name");
        if (!PipelineFile.DnsLabel().IsMatch(name.NonEmpty))
            throw name.Error("must be lower-case letters, digits and hyphens (a DNS label).");
        T? Get<T>(string field)
            where T : class => fields.TryGetValue(field, out var child) ? KubernetesNode.Read<T>(child, values) : null;
        bool Flag(string field) => fields.TryGetValue(field, out var child) && child.Boolean;

        var step = new PipelineStep(
            new V1Container
            {
                Name = name.Text,
                Image = Get<string>("image") ?? throw node.Error("the field \"image\" is missing."),
                Command = Get<List<string>>("command"),
                Args = Get<List<string>>("args"),
                Env = Get<List<V1EnvVar>>("env"),
                Resources = Get<V1ResourceRequirements>("resources") ?? throw node.Error("the field \"resources\" is missing: every step needs limits."),
                SecurityContext = Get<V1SecurityContext>("securityContext") ?? throw node.Error("the field \"securityContext\" is missing."),
                VolumeMounts = Get<List<V1VolumeMount>>("volumeMounts"),
            },
            RegistryCredentials: Get<string>("registryCredentials"),
            BuildEnv: Flag("buildEnv"))
        {
            Network = Flag("network"),
            AsBuilder = Flag("asBuilder"),
            When = fields.TryGetValue("when", out var when) ? Condition(when) : StepCondition.Always,
            Failures = fields.TryGetValue("failures", out var failures) ? [.. failures.Items.Select(Failure)] : [],
        };
        Check(node, fields, step, volumes);
        return step;
    }

    private static StepCondition Condition(PipelineNode node) => node.Text switch
    {
        "always" => StepCondition.Always,
        "dependencies" => StepCondition.Dependencies,
        var other => throw node.Error($"\"{other}\" is no condition. Allowed: always, dependencies."),
    };

    private static StepFailure Failure(PipelineNode node)
    {
        var fields = node.Fields("exitCodes", "reason", "message");
        var reason = node.Require(fields, "reason");
        if (!StepFailures.Reasons.Contains(reason.NonEmpty))
            throw reason.Error($"\"{reason.Text}\" is no reason of a failed build. Allowed: {string.Join(", ", StepFailures.Reasons)}.");
        return new StepFailure([.. node.Require(fields, "exitCodes").Items.Select(ExitCode)], reason.Text, node.Require(fields, "message").NonEmpty);
    }

    private static int ExitCode(PipelineNode node) =>
        int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is > 0 and < 256
            ? code
            : throw node.Error($"\"{node.Text}\" is no exit code of a failure (1 to 255).");

    private static void Check(PipelineNode node, IReadOnlyDictionary<string, PipelineNode> fields, PipelineStep step, IReadOnlyList<V1Volume> volumes)
    {
        var security = step.Container.SecurityContext;
        var at = fields["securityContext"];
        if (security.Privileged == true)
            throw at.At("privileged").Error("build pods are never privileged.");
        if (security.Capabilities?.Drop?.Contains("ALL") != true)
            throw at.Error("must drop all capabilities (capabilities: {drop: [ALL]}); those that are needed are added one by one.");
        if (step.Container.Resources.Limits?.ContainsKey("memory") != true)
            throw fields["resources"].Error("must limit memory, so that one build cannot take the node down.");
        if (step.RegistryCredentials is not null && step.BuildEnv)
            throw node.Error("a step has either registryCredentials or buildEnv: a variable of the user could send the credentials elsewhere.");
        if (step.AsBuilder && (security.RunAsUser is not null || security.RunAsGroup is not null))
            throw at.Error("a step with asBuilder runs as the builder's user: leave runAsUser and runAsGroup out.");
        if (step.Container.Env?.FirstOrDefault(e => e.ValueFrom is not null) is { } from)
            throw fields["env"].Error($"the variable {from.Name} must have a plain value.");
        if (step.Container.VolumeMounts?.FirstOrDefault(m => volumes.All(v => v.Name != m.Name)) is { } mount)
            throw fields["volumeMounts"].Error($"there is no volume \"{mount.Name}\" in this pipeline.");
    }
}
