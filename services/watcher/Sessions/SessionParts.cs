using Kublambda.Kubernetes;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Delivery;
using Kublambda.Watcher.Lambdas;
using Kublambda.Watcher.State;
using Kublambda.Watcher.Streams;
using Microsoft.Extensions.Options;

namespace Kublambda.Watcher.Sessions;

/// <summary>What sessions are made of, and what outlives them.</summary>
internal sealed class SessionParts(
    BrokerConnector connector, LambdaSet lambdas, LambdaRuntimes runtimes, KindDiscovery kinds, RawApi api, FunctionCaller caller,
    WatcherMetrics metrics, Permissions permissions, IOptions<WatcherOptions> options, IConfiguration configuration, TimeProvider time, ILoggerFactory loggers)
{
    public BrokerConnector Connector => connector;
    public LambdaSet Lambdas => lambdas;
    public LambdaRuntimes Runtimes => runtimes;
    public KindDiscovery Kinds => kinds;
    public Permissions Permissions => permissions;
    public WatcherOptions Options => options.Value;
    public TimeProvider Time => time;

    /// <summary>True: a shared watcher of an installation that has one for each Lambda (again). It gives back what was last seen, and does nothing else.</summary>
    public bool GivesBack => Options.Shared && configuration["Triggers:Mode"] == "PerLambda";

    /// <summary>Whose state it is.</summary>
    public TriggerQueues Owner => new(Options.Shared ? TriggerQueues.SharedOwner : Options.Uid);

    public Task<StateLog> LogAsync(RabbitMQ.Client.IConnection connection, ConfirmedChannel channel, TriggerQueues owner, CancellationToken cancellationToken) =>
        StateLog.OpenAsync(connection, channel, owner, Options, loggers.CreateLogger<StateLog>(), cancellationToken);

    public FirstUse FirstUse(RabbitMQ.Client.IConnection connection) => new(connection, time, loggers.CreateLogger<FirstUse>());

    public ILogger<T> Logger<T>() => loggers.CreateLogger<T>();

    public ObjectStream Stream(StreamSpec spec, StateLog log, ConfirmedChannel channel, WatcherOptions settings, CancellationToken session) =>
        new(spec, api, log, channel, metrics, settings, time, loggers.CreateLogger<ObjectStream>(), session);

    public Deliverer Deliverer(ActiveLambda lambda, LambdaRuntime runtime, ConsumerConnection connections, ConfirmedChannel channel)
    {
        var logger = loggers.CreateLogger<Deliverer>();
        var handover = new Handover(lambda.Ref.Uid, runtime, lambdas, channel, caller, metrics, Options, time, logger);
        return new Deliverer(runtime, connections, channel, handover, metrics, Options, time, logger);
    }
}
