using Kublambda.Cel;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Triggers;

namespace Kublambda.Watcher.Lambdas;

/// <summary>A Lambda with the triggers of its last accepted generation.</summary>
/// <param name="Resource">As it is now.</param>
/// <param name="Generation">The generation that the triggers are of.</param>
/// <param name="Triggers">Its resource triggers.</param>
/// <param name="Problems">Those that cannot be used, by name, though they were accepted: by a controller of another version.</param>
internal sealed record ActiveLambda(Lambda Resource, long Generation, IReadOnlyList<CompiledTrigger> Triggers, IReadOnlyDictionary<string, string> Problems)
{
    public LambdaRef Ref => LambdaRef.Of(Resource);

    /// <summary>Whether the triggers are those of the resource as it is now.</summary>
    public bool IsCurrent => Generation == Resource.Metadata.Generation;

    public int TimeoutSeconds => Resource.Spec.TimeoutSeconds ?? Defaults.TimeoutSeconds;

    /// <summary>Requests that all its pods can handle at the same time.</summary>
    public int Parallel => Math.Max(1, (Resource.Spec.Scaling?.MaxReplicas ?? Defaults.MaxReplicas) * (Resource.Spec.Scaling?.Concurrency ?? Defaults.Concurrency));

    public bool IsReady => Resource.Status?.Conditions?.Any(each => each is { Type: ConditionTypes.Ready, Status: ConditionStatus.True }) == true;

    /// <summary>What conditions see as <c>lambda</c>.</summary>
    public CelValue ForConditions() => CelValue.From(new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["name"] = Ref.Name,
        ["namespace"] = Ref.Namespace,
        ["uid"] = Ref.Uid,
        ["labels"] = Resource.Metadata.Labels ?? new Dictionary<string, string>(),
        ["annotations"] = Resource.Metadata.Annotations ?? new Dictionary<string, string>(),
    });

    /// <summary>What follows from the resource as it is now.</summary>
    /// <param name="before">What was so before; its triggers stay while the new generation is not accepted.</param>
    /// <param name="lambda">The resource.</param>
    /// <returns>Null: nothing is to be watched for it.</returns>
    public static ActiveLambda? Of(ActiveLambda? before, Lambda lambda)
    {
        if (lambda.Metadata.DeletionTimestamp is not null)
            return null;
        var generation = lambda.Metadata.Generation ?? 0;
        var accepted = lambda.Status?.Conditions?.FirstOrDefault(each => each.Type == ConditionTypes.Accepted) is { Status: ConditionStatus.True } condition
            && condition.ObservedGeneration == generation;
        if (!accepted || before?.Generation == generation)
            return before is null ? null : before with { Resource = lambda };
        var triggers = new List<CompiledTrigger>();
        var problems = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var trigger in lambda.Spec.Triggers ?? [])
        {
            if (trigger.Resource is null)
                continue;
            try
            {
                triggers.Add(CompiledTrigger.Compile(LambdaRef.Of(lambda), trigger.Name, trigger.Resource));
            }
            catch (Exception e) when (e is FormatException or CelException)
            {
                problems[trigger.Name] = e.Message;
            }
        }

        return new ActiveLambda(lambda, generation, triggers, problems);
    }
}
