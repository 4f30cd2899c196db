using System.ComponentModel.DataAnnotations;

namespace Kublambda.Watcher;

/// <summary>Settings of the watcher, section <c>Watcher</c>.</summary>
public sealed record WatcherOptions : IValidatableObject
{
    public const string Section = "Watcher";

    /// <summary>Namespace of the Lambda it works for.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Name of the Lambda it works for.</summary>
    public string Name { get; init; } = "";

    /// <summary>Uid of the Lambda it works for: a later one of the same name is not its own.</summary>
    public string Uid { get; init; } = "";

    /// <summary>True: it works for all Lambdas of the cluster, with one watch for each kind.</summary>
    public bool Shared { get; init; }

    /// <summary>Where the function is called; <c>{name}</c> and <c>{namespace}</c> are the Lambda's.</summary>
    [Required]
    public string Target { get; init; } = "http://{name}.{namespace}.svc";

    /// <summary>Directory for the cache of last seen state. It is made anew at every start.</summary>
    [Required]
    public string CachePath { get; init; } = Path.Combine(Path.GetTempPath(), "kublambda-watcher");

    /// <summary>Calls at the same time for one Lambda, at most; it is less where the Lambda's <c>maxReplicas * concurrency</c> is.</summary>
    [Range(1, 128)]
    public int MaxParallel { get; init; } = 64;

    /// <summary>How long an event is tried before it goes to the dead letters, from when it is first at hand. Below RabbitMQ's <c>consumer_timeout</c> (30 minutes).</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:25:00")]
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>The first pause between two tries; doubled each time, with jitter.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan RetryFirst { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between two tries.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan RetryMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an event is tried before it, and those of the same object behind it, are put aside into a queue of their own, where they are tried on.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:25:00")]
    public TimeSpan ParkAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time between two writes of the triggers' state, at least.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a watch lasts, at least; up to half of it more.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Pause before a kind that is not there, or may not be watched, is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan LookAgain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The log of last seen state is written anew when it has this many records more than the state needs.</summary>
    [Range(100, 10_000_000)]
    public int CompactionRecords { get; init; } = 20_000;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Shared && (Namespace.Length == 0 || Name.Length == 0 || Uid.Length == 0))
            yield return new ValidationResult("Set Watcher__Namespace, Watcher__Name and Watcher__Uid, or Watcher__Shared=true.");
    }
}
