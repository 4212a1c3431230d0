using Cozy.Fleet.Coordinator.Hosting;

return await CoordinatorProgram.RunAsync(args);
