//! Rows and what the rules make of them.

use module_big_fish::{Body, Fish, GameStatus, Heading, Level, RunStatus, Side, Stage, Waters};

use crate::*;

impl BigFishLevel {
    pub(crate) fn as_rule(&self) -> Level<'_> {
        Level {
            species_key: &self.species_key,
            name: &self.name,
            description: &self.description,
            size_milli: self.size_milli,
            speed_milli: self.speed_milli,
        }
    }
}

impl BigFishRunWaters {
    pub(crate) fn as_rule(&self) -> Waters {
        Waters {
            tick: self.tick,
            next_fish_id: self.next_fish_id,
            food: self.food,
            eaten: self.eaten,
            merged: self.merged,
            best_level: self.best_level,
            fish: self.fish.clone().into_iter().map(Fish::from).collect(),
        }
    }

    /// The row with other waters in it.
    pub(crate) fn holding(self, waters: Waters) -> BigFishRunWaters {
        let Waters { tick, next_fish_id, food, eaten, merged, best_level, fish } = waters;
        let fish = fish.into_iter().map(BigFishEntity::from).collect();
        BigFishRunWaters { tick, next_fish_id, food, eaten, merged, best_level, fish, ..self }
    }
}

impl From<BigFishStage> for Stage {
    fn from(stage: BigFishStage) -> Self {
        match stage {
            BigFishStage::Briefing => Stage::Briefing,
            BigFishStage::Ladder => Stage::Ladder,
            BigFishStage::Assets => Stage::Assets,
            BigFishStage::Review => Stage::Review,
            BigFishStage::Published => Stage::Published,
        }
    }
}

impl From<BigFishGameStatus> for GameStatus {
    fn from(status: BigFishGameStatus) -> Self {
        match status {
            BigFishGameStatus::Published => GameStatus::Published,
            BigFishGameStatus::Unpublished => GameStatus::Unpublished,
        }
    }
}

impl From<BigFishRunStatus> for RunStatus {
    fn from(status: BigFishRunStatus) -> Self {
        match status {
            BigFishRunStatus::Running => RunStatus::Running,
            BigFishRunStatus::Paused => RunStatus::Paused,
            BigFishRunStatus::Victory => RunStatus::Victory,
            BigFishRunStatus::Defeat => RunStatus::Defeat,
            BigFishRunStatus::Abandoned => RunStatus::Abandoned,
        }
    }
}

impl From<BigFishBody> for Body {
    fn from(body: BigFishBody) -> Self {
        Body { size_milli: body.size_milli, speed_milli: body.speed_milli }
    }
}

impl From<BigFishHeading> for Heading {
    fn from(heading: BigFishHeading) -> Self {
        Heading { x_milli: heading.x_milli, y_milli: heading.y_milli }
    }
}

impl From<BigFishEntity> for Fish {
    fn from(entity: BigFishEntity) -> Self {
        let BigFishEntity { id, side, level, x_milli, y_milli, course } = entity;
        let side = match side {
            BigFishSide::School => Side::School,
            BigFishSide::Wild => Side::Wild,
        };
        Fish { id, side, level, x_milli, y_milli, course }
    }
}

impl From<Fish> for BigFishEntity {
    fn from(fish: Fish) -> Self {
        let Fish { id, side, level, x_milli, y_milli, course } = fish;
        let side = match side {
            Side::School => BigFishSide::School,
            Side::Wild => BigFishSide::Wild,
        };
        BigFishEntity { id, side, level, x_milli, y_milli, course }
    }
}
