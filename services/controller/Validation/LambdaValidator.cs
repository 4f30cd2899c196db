using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Validation;

/// <summary>
/// The rules for a Lambda that the schema cannot say, and those of the schema on which safety depends, for a cluster
/// whose CRD is older or was edited. Fields of a later stage are refused by name, never ignored.
/// </summary>
public static partial class LambdaValidator
{
    public static Verdict Validate(Lambda lambda)
    {
        var problems = Problems(lambda).ToList();
        if (problems.Count == 0)
            return Verdict.Valid;
        var reason = problems.TrueForAll(problem => problem.NotSupported) ? Reasons.NotSupported : Reasons.Invalid;
        return new Verdict(false, reason, string.Join('\n', problems.Take(20)));
    }

    private static IEnumerable<Problem> Problems(Lambda lambda)
    {
        var spec = lambda.Spec;
        return
        [
            .. Name(lambda.Metadata.Name),
            .. Runtime(spec),
            .. Handler(spec),
            .. SourceRules.Check(spec.Source),
            .. RemoteSourceRules.ReadyImage(spec),
            .. Build(spec.Build),
            .. TriggerRules.Check(spec.Triggers ?? []),
            .. StateTables(spec),
            .. Scaling(spec.Scaling),
            .. EnvironmentRules.Check("spec.env", spec.Env ?? []),
            .. ResourceRules.Check("spec.resources", spec.Resources),
            .. Timeout("spec.timeoutSeconds", spec.TimeoutSeconds, 1, 3600),
            .. ServiceAccount(spec.ServiceAccountName),
        ];
    }

    private static IEnumerable<Problem> Name(string name)
    {
        if (name.Length > Limits.NameLength || !NamePattern().IsMatch(name))
        {
            yield return new Problem(
                "metadata.name",
                $"\"{name}\" cannot name a Service: use at most {Limits.NameLength} characters, lower-case letters, digits and '-', beginning with a letter.");
        }
    }

    private static IEnumerable<Problem> Runtime(LambdaSpec spec)
    {
        if (spec.Runtime is not (Runtimes.Nodejs or Runtimes.Python or Runtimes.Dotnet or Runtimes.Buildpack or Runtimes.Image))
            yield return Problem.Unsupported("spec.runtime", $"\"{spec.Runtime}\"", $"write {Runtimes.Nodejs}, {Runtimes.Python}, {Runtimes.Dotnet}, {Runtimes.Buildpack} for an HTTP application, or {Runtimes.Image}.");
        if (spec.Runtime == Runtimes.Buildpack && spec.Handler is not null)
            yield return new Problem("spec.handler", $"The runtime {Runtimes.Buildpack} runs a whole application, which has no handler: remove the field. The application listens on $PORT.");
        if (spec.Signature is not (null or Signatures.Http or Signatures.CloudEvent))
            yield return Problem.Unsupported("spec.signature", $"\"{spec.Signature}\"", $"write {Signatures.Http} or {Signatures.CloudEvent}, or leave the field out.");
    }

    private static IEnumerable<Problem> Handler(LambdaSpec spec)
    {
        if (spec.Handler is not { } handler)
            yield break;
        if (spec.Runtime == Runtimes.Dotnet)
        {
            if (!TypePattern().IsMatch(handler))
            {
                yield return new Problem(
                    "spec.handler",
                    $"\"{handler}\" is no name of .NET: write Namespace.Class for a function of the Functions Framework, Namespace.Class.Method for a method, or leave the field out where there is only one of the first.");
            }

            yield break;
        }

        var match = HandlerPattern().Match(handler);
        if (!match.Success || match.Groups["module"].Value.Split('/').Any(part => part is "" or "." or ".."))
        {
            yield return new Problem(
                "spec.handler",
                $"\"{handler}\" is not module.function: write the path of the module below the source without its extension, a dot, and the exported name, for example {Defaults.HandlerOf(spec.Runtime) ?? Defaults.Handler} or lib/orders.create.");
        }
    }

    private static IEnumerable<Problem> Build(BuildSpec? build)
    {
        foreach (var problem in EnvironmentRules.Check("spec.build.env", build?.Env ?? []))
            yield return problem;
        // Builds run in a namespace of their own, where nothing of the Lambda's can be read.
        for (var i = 0; i < (build?.Env?.Count ?? 0); i++)
        {
            if (build!.Env![i].ValueFrom is not null)
                yield return new Problem($"spec.build.env[{i}].valueFrom", "A build cannot read Secrets and ConfigMaps: write a value.");
        }

        foreach (var problem in ResourceRules.Check("spec.build.resources", build?.Resources))
            yield return problem;
        foreach (var problem in Timeout("spec.build.timeoutSeconds", build?.TimeoutSeconds, 10, 7200))
            yield return problem;
    }

    private static IEnumerable<Problem> StateTables(LambdaSpec spec)
    {
        if (spec.StateTables is { Count: > 0 })
            yield return Problem.Unsupported("spec.stateTables", "State", "remove the field.");
    }

    private static IEnumerable<Problem> Scaling(ScalingSpec? scaling)
    {
        var min = scaling?.MinReplicas ?? Defaults.MinReplicas;
        var max = scaling?.MaxReplicas ?? Defaults.MaxReplicas;
        if (min < 1)
            yield return new Problem("spec.scaling.minReplicas", $"{min} is too few: write 1 or more.");
        if (min > max)
        {
            var origin = scaling?.MaxReplicas is null ? ", its default" : "";
            yield return new Problem(
                "spec.scaling.minReplicas", $"{min} is above maxReplicas ({max}{origin}): write maxReplicas: {min} or more, or fewer minReplicas.");
        }

        if (scaling?.Concurrency is < 1)
            yield return new Problem("spec.scaling.concurrency", $"{scaling.Concurrency} is too few: write 1 or more.");
    }

    private static IEnumerable<Problem> Timeout(string field, int? seconds, int min, int max)
    {
        if (seconds < min || seconds > max)
            yield return new Problem(field, $"{seconds} is out of bounds: write {min} to {max} seconds.");
    }

    private static IEnumerable<Problem> ServiceAccount(string? name)
    {
        if (name is not null && (name.Length > 253 || !SubdomainPattern().IsMatch(name)))
            yield return new Problem("spec.serviceAccountName", $"\"{name}\" is not a name: write that of a ServiceAccount in the Lambda's namespace.");
    }

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^(?<module>[A-Za-z0-9_][A-Za-z0-9_./-]*)\.[A-Za-z_][A-Za-z0-9_-]*\z")]
    private static partial Regex HandlerPattern();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\z")]
    private static partial Regex TypePattern();

    /// <summary>RFC 1123 subdomain.</summary>
    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    internal static partial Regex SubdomainPattern();
}
