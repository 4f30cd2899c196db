using Kublambda.Contracts.Resources;
using Kublambda.Controller;
using Kublambda.Controller.Consumers;
using Kublambda.Controller.Status;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using MassTransit;

var builder = WebApplication.CreateBuilder(args);
builder.AddKublambdaDefaults("controller", bus =>
{
    bus.AddConsumer<OutcomeConsumer, OutcomeConsumerDefinition>();
    bus.AddConsumer<ImagesDeletedConsumer>();
});
builder.Services.AddOptions<FollowOptions>().BindConfiguration(FollowOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services
    .AddKubernetes()
    .AddEventRecorder("kublambda-controller")
    .AddInformer<Lambda>(new ResourceQuery(Lambda.Group, Lambda.Version, Lambda.Plural))
    .AddResourceHandler<Lambda, LambdaReconciler>()
    .AddLeaderElection("kublambda-controller")
    .AddLeaderHostedService<LambdaReconciler>()
    .AddSingleton<LambdaApi>()
    .AddSingleton<LambdaMetrics>()
    .AddSingleton<StatusWriter>()
    .AddSingleton(provider => new WorkQueue<LambdaKey>(provider.GetRequiredService<TimeProvider>()));

var app = builder.Build();
_ = app.Services.GetRequiredService<LambdaMetrics>();
app.MapKublambdaDefaults();
await app.RunAsync();
