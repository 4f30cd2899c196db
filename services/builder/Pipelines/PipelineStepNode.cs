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
            BuildEnv: Flag("buildEnv"));
        Check(node, fields, step, volumes);
        return step;
    }

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
        if (step.Container.Env?.FirstOrDefault(e => e.ValueFrom is not null) is { } from)
            throw fields["env"].Error($"the variable {from.Name} must have a plain value.");
        if (step.Container.VolumeMounts?.FirstOrDefault(m => volumes.All(v => v.Name != m.Name)) is { } mount)
            throw fields["volumeMounts"].Error($"there is no volume \"{mount.Name}\" in this pipeline.");
    }
}
